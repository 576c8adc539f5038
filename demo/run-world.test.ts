/** The running world: lock-step with its drivers, restarts, drivers that die, faults on the wire. */
import { connect, type Socket } from 'node:net';
import { openClock } from '@commonworks/clock';
import { readLines, writeLine } from '@commonworks/clock/json-lines.ts';
import { type ClockMessage, type ClockRequest, parseClockMessage } from '@commonworks/core/demo-clock.ts';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { type RunWorldOptions, runWorld } from './run-world.ts';
import { DEMO_WIRES } from './site/demo-config.ts';
import type { DemoPorts } from './wires.ts';
import type { WorldSnapshot } from './world/state.ts';

const QUARTER_MS = 900_000;
/** A plain Tuesday morning, a few quarter hours before the test's "now". */
const ORIGIN = Date.UTC(2026, 9, 20, 1);
const anyPorts = Object.fromEntries(DEMO_WIRES.map((wire) => [wire, 0])) as DemoPorts;

type Running = {
  readonly ports: DemoPorts;
  readonly address: string;
  readonly saved: () => WorldSnapshot | null;
  readonly stop: () => Promise<void>;
};

async function start(quarters: number, options: Partial<RunWorldOptions> = {}): Promise<Running> {
  const stop = new AbortController();
  let saved: WorldSnapshot | null = null;
  const ready = Promise.withResolvers<DemoPorts>();
  const done = runWorld({
    ...{ seed: 5, speed: 1, originMs: ORIGIN, zone: 'Europe/Vienna', saved: null, drivers: ['roof'] },
    config: { ports: anyPorts, cards: { ben: 'F710E528' } },
    log: pino({ level: 'silent' }),
    signal: stop.signal,
    save: (snapshot) => {
      saved = snapshot;
    },
    realNow: () => ORIGIN + quarters * QUARTER_MS + 1000,
    onReady: ready.resolve,
    ...options,
  });
  onTestFinished(() => stop.abort());
  const ports = await Promise.race([ready.promise, done.then(() => Promise.reject(new Error('the world ended')))]);
  return {
    ports,
    address: `127.0.0.1:${ports.clock}`,
    saved: () => saved,
    stop: async () => {
      stop.abort();
      await done;
    },
  };
}

async function drive(address: string, name: string, count: number): Promise<number[]> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const clock = await openClock({ address, name, isDriver: true, signal: stop.signal });
  const seen: number[] = [];
  for await (const atMs of clock.ticks(10_000)) {
    seen.push(atMs);
    if (seen.length === count) break;
  }
  clock.close();
  return seen;
}

async function ask(address: string, request: ClockRequest): Promise<ClockMessage> {
  const socket = connect({ host: '127.0.0.1', port: Number(address.split(':')[1]) });
  onTestFinished(() => void socket.destroy());
  return await new Promise((resolve) => {
    readLines(socket, 100_000, (line) => {
      const message = parseClockMessage(line);
      if (message !== null && message.type !== 'time') resolve(message);
    });
    writeLine(socket, request);
  });
}

const quartersFrom = (fromMs: number, count: number) =>
  Array.from({ length: count }, (_, n) => fromMs + n * QUARTER_MS);

it('begins with the origin and goes through every quarter hour, with two drivers in step', async () => {
  const world = await start(5, { drivers: ['roof', 'workshop'] });
  const both = await Promise.all([drive(world.address, 'roof', 6), drive(world.address, 'workshop', 6)]);
  expect(both).toEqual([quartersFrom(ORIGIN, 6), quartersFrom(ORIGIN, 6)]);
});

it('waits for a driver that dies, puts the same instant before it again, and goes on', async () => {
  const world = await start(5);
  expect(await drive(world.address, 'roof', 2)).toEqual(quartersFrom(ORIGIN, 2));
  // The first life broke off while it read the second instant: the next one reads it again.
  expect(await drive(world.address, 'roof', 3)).toEqual(quartersFrom(ORIGIN + QUARTER_MS, 3));
});

it('continues after a restart with the instant that nobody had finished', async () => {
  const first = await start(3);
  await drive(first.address, 'roof', 3);
  await first.stop();
  const saved = first.saved();
  const second = await start(4, { saved });
  const [next] = await drive(second.address, 'roof', 1);
  expect(next).toBe((saved?.nowMs ?? ORIGIN - QUARTER_MS) + QUARTER_MS);
});

/** A log, and a promise that resolves when so many of its lines match. */
function listened() {
  const lines: string[] = [];
  const looks = new Set<() => void>();
  const write = (text: string) => {
    lines.push((JSON.parse(text) as { msg: string }).msg);
    for (const look of looks) look();
  };
  const line = (pattern: RegExp, count = 1) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (lines.filter((one) => pattern.test(one)).length >= count) resolve();
      };
      looks.add(look);
      look();
    });
  return { log: pino({}, { write }), line };
}

const PATIENT = { patienceMs: 600_000, tellEveryMs: 2 };
const IMPATIENT = { patienceMs: 20, tellEveryMs: 5 };

it('waits for an agent that is slow to start, tells whom it waits for, and begins with the origin', async () => {
  const { log, line } = listened();
  const world = await start(3, { drivers: ['roof', 'workshop'], waits: PATIENT, log });
  const roof = drive(world.address, 'roof', 4);
  await line(/^waiting for the agents? .*"workshop": \d+ s$/, 20);
  const workshop = drive(world.address, 'workshop', 4);
  expect(await Promise.all([roof, workshop])).toEqual([quartersFrom(ORIGIN, 4), quartersFrom(ORIGIN, 4)]);
});

it('waits for an agent that is gone in the middle of the past, and puts the same instant before it', async () => {
  const { log, line } = listened();
  const world = await start(5, { waits: PATIENT, log });
  expect(await drive(world.address, 'roof', 2)).toEqual(quartersFrom(ORIGIN, 2));
  await line(/^waiting for the agent "roof"/, 20);
  expect(await drive(world.address, 'roof', 5)).toEqual(quartersFrom(ORIGIN + QUARTER_MS, 5));
});

it('says that it goes on without an agent that never comes, and plays the past again for it on the next start', async () => {
  const { log, line } = listened();
  const drivers = ['roof', 'workshop'];
  const first = await start(3, { drivers, waits: IMPATIENT, log });
  expect(await drive(first.address, 'roof', 4)).toEqual(quartersFrom(ORIGIN, 4));
  await line(/^going on without the agent "workshop".*the next start plays again what is missing$/);
  await line(/^replayed/);
  await first.stop();
  expect(first.saved()).toBeNull();
  const second = await start(3, { drivers, saved: first.saved() });
  const both = await Promise.all(drivers.map((name) => drive(second.address, name, 4)));
  expect(both).toEqual(drivers.map(() => quartersFrom(ORIGIN, 4)));
});

it('tells the registers of its devices, and an unknown request ends the connection', async () => {
  const world = await start(1, { drivers: [] });
  const message = await ask(world.address, { type: 'registers', id: 7 });
  expect(message).toMatchObject({ type: 'registers', id: 7 });
  if (message.type !== 'registers') throw new Error('no registers');
  expect(Object.keys(message.devices)).toHaveLength(15);
  const grid = message.devices['grid-1'];
  // Half a step of a 32-bit float below 1024 kWh is 31 mWh.
  expect(Math.abs((grid?.importedMwh ?? 0) - (grid?.exactImportedMwh ?? 0))).toBeLessThanOrEqual(31);
  const socket = connect({ host: '127.0.0.1', port: world.ports.clock });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.resume().write('what time is it?\n');
  await closed;
});

it('holds a badge to the reader when it is asked to', async () => {
  const world = await start(1, { drivers: [] });
  const reader = connect({ host: '127.0.0.1', port: world.ports.badge });
  onTestFinished(() => void reader.destroy());
  const line = new Promise((resolve) => reader.setEncoding('latin1').once('data', resolve));
  await new Promise((resolve) => reader.once('connect', resolve));
  expect(await ask(world.address, { type: 'badge', id: 1, uid: 'F710E528' })).toEqual({ type: 'done', id: 1 });
  expect(await line).toBe('UID:F710E528\r\n');
});

/** FC 4, two registers from 0x48 of unit 1, with the CRC an independent tool computed. */
const READ_IMPORT = Buffer.from('010400480002f1dd', 'hex');

it('misbehaves on the wire as it is told, and then behaves again', async () => {
  const world = await start(1, { drivers: [] });
  const line = connect({ host: '127.0.0.1', port: world.ports.homesLine, noDelay: true });
  onTestFinished(() => void line.destroy());
  const good = await exchange(line);
  expect(good.subarray(0, 3)).toEqual(Buffer.from([1, 4, 4]));
  expect(good).toHaveLength(9);
  const after = async (fault: Extract<ClockRequest, { type: 'fault' }>['fault']) => {
    await ask(world.address, { type: 'fault', id: 1, device: 'grid-1', fault, count: 1 });
    return exchange(line);
  };
  const wrong = await after('wrong-crc');
  expect(wrong.subarray(0, 7)).toEqual(good.subarray(0, 7));
  expect(wrong.subarray(7)).not.toEqual(good.subarray(7));
  expect(await after('truncated')).toHaveLength(5);
  expect((await after('exception')).subarray(0, 3)).toEqual(Buffer.from([1, 0x84, 4]));
  expect((await after('glitch')).readFloatBE(3)).toBeCloseTo(good.readFloatBE(3) * 10, 0);
  await ask(world.address, { type: 'fault', id: 1, device: 'grid-1', fault: 'drop', count: 1 });
  line.write(READ_IMPORT);
  // The dropped one is answered by nothing; the reply belongs to the second request.
  expect(await exchange(line)).toEqual(good);
});

function exchange(line: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    line.once('data', (chunk) => resolve(Buffer.from(chunk as Buffer)));
    line.write(READ_IMPORT);
  });
}

it('does not let time run fast before its readers have come', async () => {
  // Later than the dawn at which the replay would end: there is nothing to replay.
  const realMs = ORIGIN + 2 * 86_400_000;
  const world = await start(0, {
    speed: 3600,
    originMs: realMs - 13 * 3_600_000,
    realNow: () => realMs + performance.now(),
  });
  const clock = await openClock({ address: world.address, signal: new AbortController().signal });
  onTestFinished(() => clock.close());
  expect(clock.status().mode).toBe('replaying');
  const first = drive(world.address, 'roof', 1);
  expect(await first).toHaveLength(1);
  expect(clock.status().mode).toBe('demo');
});
