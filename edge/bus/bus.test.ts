import { isCoded } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import type { BusConfig } from '../config/schema.ts';
import { startTestSlave, type TestSlave } from '../modbus/test-slave.ts';
import { createBreaker } from './breaker.ts';
import { createBus } from './bus.ts';
import { createTurns } from './turns.ts';

const config = (slave: TestSlave, timeoutMs = 500): BusConfig => ({
  name: 'homes',
  kind: 'modbus-rtu-tcp',
  host: '127.0.0.1',
  port: slave.port,
  timeoutMs,
  devices: [{ device: 'home-1', title: 'Home 1', profile: 'eastron-sdm120', unit: 1 }],
});

const read = { address: 0, count: 1 };

describe('A bus', () => {
  it('asks a dead unit ever more seldom, so that it costs the others next to nothing', async () => {
    await using slave = await startTestSlave('rtu');
    slave.answer = (request, right, send) => {
      if (request.unit !== 9) send(right);
    };
    const stop = new AbortController();
    const bus = createBus(config(slave), stop.signal);
    const codes: string[] = [];
    for (let round = 0; round < 50; round++) {
      for (const unit of [1, 9, 2]) {
        const attempt = bus.exchange(unit, (client) => client.readRegisters(unit, 'input', read));
        await attempt.catch((error: unknown) => codes.push(isCoded(error) ? error.code : String(error)));
      }
    }
    const asked = (unit: number) => slave.requests.filter((request) => request.unit === unit).length;
    expect([asked(1), asked(2)]).toEqual([50, 50]);
    expect(asked(9)).toBeLessThan(5);
    expect(codes.length).toBe(50);
    expect(new Set(codes)).toEqual(new Set(['edge.modbus-timeout', 'edge.device-unit-down']));
    stop.abort();
  });

  it('takes a gateway’s "no answer" for silence of the device, not of the bus', async () => {
    await using slave = await startTestSlave('tcp');
    slave.answer = (request, _right, send) => send(slave.frame(request, Buffer.from([0x84, 11])));
    const stop = new AbortController();
    const bus = createBus({ ...config(slave), kind: 'modbus-tcp' } as BusConfig, stop.signal);
    const attempt = () => bus.exchange(1, (client) => client.readRegisters(1, 'input', read));
    await expect(attempt()).rejects.toMatchObject({ code: 'edge.modbus-exception' });
    await expect(attempt()).rejects.toMatchObject({ code: 'edge.device-unit-down' });
    stop.abort();
  });

  it('connects anew when the connection was lost', async () => {
    await using slave = await startTestSlave('rtu');
    const stop = new AbortController();
    const bus = createBus(config(slave), stop.signal);
    const attempt = () => bus.exchange(1, (client) => client.readRegisters(1, 'input', read));
    expect(await attempt()).toEqual([0]);
    bus.close();
    expect(await attempt()).toEqual([0]);
    slave.hangUp();
    expect(await attempt()).toEqual([0]);
    stop.abort();
  });
});

describe('Turns on a wire', () => {
  it('go to urgent jobs first, then in order, one at a time', async () => {
    const turns = createTurns();
    const order: string[] = [];
    let running = 0;
    const job = (name: string) => async () => {
      running += 1;
      expect(running).toBe(1);
      await Promise.resolve();
      order.push(name);
      running -= 1;
      if (name === 'b') throw new Error('a failed job frees the wire');
    };
    const jobs = [
      turns.run(job('a'), false),
      turns.run(job('b'), false).catch(() => undefined),
      turns.run(job('c'), false),
      turns.run(job('command'), true),
    ];
    await Promise.all(jobs);
    expect(order).toEqual(['a', 'command', 'b', 'c']);
    await turns.run(job('d'), false);
    expect(order.at(-1)).toBe('d');
  });
});

describe('A breaker', () => {
  it('rests twice as long after each failure, at most a minute, and not at all after a success', () => {
    let nowMs = 0;
    const breaker = createBreaker(1000, () => nowMs);
    const rests: number[] = [];
    for (let i = 0; i < 9; i++) {
      breaker.fail();
      rests.push(breaker.restMs());
      nowMs += breaker.restMs();
      expect(breaker.restMs()).toBe(0);
    }
    expect(rests).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    breaker.succeed();
    breaker.fail();
    expect(breaker.restMs()).toBe(1000);
  });
});
