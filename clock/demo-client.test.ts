/** The demo client against a small world that speaks the protocol over a real socket. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { ClockMessage, ClockRequest } from '@commonworks/core';
import { isCoded, parseClockRequest } from '@commonworks/core';
import { expect, onTestFinished, test } from 'vitest';
import { openClock } from './index.ts';
import { readLines, writeLine } from './json-lines.ts';

type SmallWorld = {
  readonly address: string;
  readonly requests: ClockRequest[];
  readonly send: (message: ClockMessage) => void;
  readonly cut: () => void;
  readonly received: (type: ClockRequest['type'], count: number) => Promise<void>;
};

async function smallWorld(greeting: ClockMessage): Promise<SmallWorld> {
  const requests: ClockRequest[] = [];
  const sockets = new Set<Socket>();
  let wake: () => void = () => {};
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    readLines(socket, 1000, (line) => {
      const request = parseClockRequest(line);
      if (request !== null) requests.push(request);
      wake();
    });
    writeLine(socket, greeting);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  const address = server.address();
  return {
    address: `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    requests,
    cut,
    send: (message) => {
      for (const socket of sockets) writeLine(socket, message);
    },
    received: async (type, count) => {
      while (requests.filter((request) => request.type === type).length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

const T0 = Date.UTC(2026, 9, 1);
const replaying = (nowMs: number): ClockMessage => ({ type: 'time', nowMs, speed: 1, mode: 'replaying' });

async function follow(world: SmallWorld, isDriver: boolean) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  return openClock({ address: world.address, name: 'roof', isDriver, signal: stop.signal });
}

test('in a replay the time stands still until the world says otherwise', async () => {
  const world = await smallWorld(replaying(T0));
  const clock = await follow(world, false);
  expect(clock.now()).toBe(T0);
  expect(clock.status()).toEqual({ nowMs: T0, speed: 1, mode: 'replaying' });
});

test('a driver is yielded the instants of the world, and asking for the next says it has finished', async () => {
  const world = await smallWorld(replaying(T0));
  const clock = await follow(world, true);
  const fast = clock.ticks(1000);
  const slow = clock.ticks(10_000);
  const first = [fast.next(), slow.next()];
  await world.received('advance', 1);
  world.send({ type: 'instant', atMs: T0 });
  expect((await Promise.all(first)).map((tick) => tick.value)).toEqual([T0, T0]);
  const second = fast.next();
  // The slow loop is still reading: the world must not move on.
  const slowSecond = slow.next();
  await world.received('advance', 2);
  expect(world.requests.at(-1)).toEqual({ type: 'advance', doneMs: T0 });
  world.send({ type: 'instant', atMs: T0 + 1 });
  expect([(await second).value, (await slowSecond).value]).toEqual([T0 + 1, T0 + 1]);
});

test('after a restart of the world the driver asks again, and an instant it knows is not yielded twice', async () => {
  const world = await smallWorld(replaying(T0));
  const clock = await follow(world, true);
  const ticks = clock.ticks(1000);
  const first = ticks.next();
  await world.received('advance', 1);
  world.send({ type: 'instant', atMs: T0 + 5 });
  await first;
  const second = ticks.next();
  await world.received('advance', 2);
  world.cut();
  await world.received('advance', 3);
  world.send({ type: 'instant', atMs: T0 });
  await world.received('advance', 4);
  world.send({ type: 'instant', atMs: T0 + 9 });
  expect((await second).value).toBe(T0 + 9);
});

test('when the replay ends the ticks go on by the clock, which is never ahead of real time', async () => {
  const world = await smallWorld(replaying(T0));
  const clock = await follow(world, true);
  const ticks = clock.ticks(60_000);
  const tick = ticks.next();
  await world.received('advance', 1);
  world.send({ type: 'time', nowMs: T0 + 59_000, speed: 3600, mode: 'demo' });
  const { value } = await tick;
  expect(value).toBeGreaterThan(T0);
  expect(value % 60_000).toBe(0);
  world.send({ type: 'time', nowMs: Date.now() + 5000, speed: 3600, mode: 'demo' });
  await ticks.next();
  expect(clock.now()).toBeLessThanOrEqual(Date.now());
});

test('no demo clock at the address is a coded error', async () => {
  const stop = new AbortController();
  const attempt = openClock({ address: '127.0.0.1:1', signal: stop.signal, connectTimeoutMs: 5 });
  await expect(attempt).rejects.toSatisfy((error) => isCoded(error, 'clock.unreachable'));
});
