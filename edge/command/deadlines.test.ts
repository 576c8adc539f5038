/** Commands on an agent whose clock is wrong, with a hub that is right: real time is known to nobody but the test. */
import { createTrustedTime } from '@commonworks/clock/trusted-time.ts';
import type { Command, ReceiptEvent } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import type { Bus } from '../bus/bus.ts';
import type { ModbusClient } from '../modbus/client.ts';
import { loadProfile } from '../profile/load.ts';
import type { SunspecProfile } from '../profile/schema.ts';
import { createDeviceReader } from '../read/device-reader.ts';
import type { CommandTime } from './deadlines.ts';
import { type CommandMemory, createExecutor } from './executor.ts';
import { createPowerLimit } from './power-limit.ts';
import { createRelay } from './relay.ts';
import type { Setting } from './setting.ts';
import { command, memory, NOW } from './test-command.ts';

/** A coil at 0 and SunSpec model 123 at 40002, percent with two decimals, as one memory behind a bus. */
function equipment() {
  const words = new Map([
    [40_000, 0x5375],
    [40_001, 0x6e53],
    [40_002, 123],
    [40_003, 24],
    [40_025, 0xfffe],
    [40_028, 0xffff],
  ]);
  const writes: [number, number][] = [];
  const client: ModbusClient = {
    readRegisters: async (_unit, _table, { address, count }) =>
      Array.from({ length: count }, (_, i) => words.get(address + i) ?? 0),
    readCoil: async () => words.get(0) === 1,
    writeRegisters: async (_unit, address, values) => {
      writes.push([address - 40_002, values[0] ?? 0]);
      words.set(address, values[0] ?? 0);
    },
    writeCoil: async (_unit, address, isOn) => void words.set(address, isOn ? 1 : 0),
    isOpen: () => true,
    close: () => undefined,
  };
  const bus: Bus = { name: 'roof', exchange: (_unit, job) => job(client), close: () => undefined };
  const profile = loadProfile('sunspec-inverter') as SunspecProfile;
  const control = profile.controls?.powerLimit;
  if (control === undefined) throw new Error('the profile has a power limit');
  const limit = createPowerLimit({ bus, unit: 1, reader: createDeviceReader(profile, 1), control });
  return { words, writes, limit, relay: createRelay({ bus, unit: 1, coil: 0 }) };
}

function setUp(setting: Setting, known: CommandMemory, time: CommandTime) {
  const receipts: ReceiptEvent[] = [];
  const executor = createExecutor({
    settingOf: () => setting,
    memory: known,
    time,
    observePauseMs: 1,
    report: async (_device, receipt) => void receipts.push(receipt),
  });
  return { executor, receipts, states: () => receipts.map((receipt) => receipt.state) };
}

/** An agent whose wall clock is `skewMs` off, on a machine that has run for a while, and a hub that is right. */
function agentWith(skewMs: number, { isMeasured = true } = {}) {
  let realMs = NOW;
  let skew = skewMs;
  let kernel = { boot: 'boot-1', startedMs: NOW - 5000 };
  const wallMs = () => realMs + skew;
  const boot = () => createTrustedTime({ wallMs, monotonicMs: () => realMs - kernel.startedMs });
  let trusted = boot();
  const measure = () => {
    const { startedMs } = kernel;
    trusted.hearHub({ offsetMs: startedMs, errorMs: 5, atMs: realMs - startedMs, isTrusted: true });
  };
  if (isMeasured) measure();
  const time = (): CommandTime => ({
    elapsedMs: () => trusted.monotonicMs(),
    boot: kernel.boot,
    hubMs: () => trusted.hubMs(),
  });
  const device = equipment();
  const known = memory();
  const start = () => setUp(device.relay, known, time());
  return {
    device,
    start,
    measure,
    pass: (ms: number) => {
      realMs += ms;
    },
    set: (to: number) => {
      skew = to;
      trusted.now();
    },
    /** The machine starts anew: another boot, its time unknown. */
    reboot: () => {
      kernel = { boot: 'boot-2', startedMs: realMs };
      trusted = boot();
    },
    /** Only the agent does: its measurement is lost, the kernel's time goes on. */
    restart: () => {
      trusted = boot();
    },
  };
}

const HOUR = 3_600_000;
const relayOn = (changes: Partial<Command> = {}) =>
  command({ kind: 'setRelay', value: 1, leaseUntilMs: NOW + 10_000, ...changes });

describe('With a wrong clock', () => {
  it.each([-48 * HOUR, -HOUR, -600_000, 0, 600_000, HOUR])(
    'of %i ms a relay is off when its lease of 10 s is over',
    async (skew) => {
      const agent = agentWith(skew);
      const { executor, receipts } = agent.start();
      await executor.execute(relayOn());
      agent.pass(9999);
      await executor.tick();
      expect(agent.device.words.get(0)).toBe(1);
      agent.pass(1);
      await executor.tick();
      expect([agent.device.words.get(0), receipts.at(-1)?.state]).toEqual([0, 'reverted']);
    },
  );

  it.each([-600_000, 0, 600_000])('of %i ms a command that expired five minutes ago is not executed', async (skew) => {
    const agent = agentWith(skew);
    const { executor, states } = agent.start();
    const issuedMs = NOW - 330_000;
    await executor.execute(relayOn({ issuedMs, expiresMs: NOW - 300_000, leaseUntilMs: NOW + HOUR }));
    expect([states(), agent.device.words.get(0)]).toEqual([['expired'], undefined]);
  });

  it('that is set while a lease runs nothing changes', async () => {
    const agent = agentWith(0);
    const { executor } = agent.start();
    await executor.execute(relayOn());
    for (const skew of [-HOUR, HOUR, -48 * HOUR, 48 * HOUR]) {
      agent.set(skew);
      agent.pass(2000);
      await executor.tick();
      expect(agent.device.words.get(0)).toBe(1);
    }
    agent.pass(2000);
    await executor.tick();
    expect(agent.device.words.get(0)).toBe(0);
  });

  it('that nobody has measured nothing is switched on, and a relay may be switched off', async () => {
    const agent = agentWith(0, { isMeasured: false });
    agent.device.words.set(0, 1);
    const { executor, receipts } = agent.start();
    await executor.execute(relayOn());
    expect(receipts).toMatchObject([{ state: 'failed', reason: expect.stringContaining('edge.clock-untrusted') }]);
    await executor.execute(relayOn({ id: 'c2', value: 0, leaseUntilMs: null }));
    expect([receipts.at(-1)?.state, agent.device.words.get(0)]).toEqual(['confirmed', 0]);
  });

  it('a lease whose end is past is not begun', async () => {
    const agent = agentWith(-HOUR);
    const { executor, states } = agent.start();
    await executor.execute(relayOn({ leaseUntilMs: NOW - 1 }));
    expect([states(), agent.device.words.get(0)]).toEqual([['expired'], undefined]);
  });

  it.each([
    ['of ten years is held for a day', NOW, 10 * 365 * 24 * HOUR, 24 * HOUR],
    ['counts no longer than the hub stamped it, should the hub have been set', NOW + HOUR, HOUR + 10_000, 10_000],
  ])('a lease %s', async (_, issuedMs, untilMs, heldMs) => {
    const agent = agentWith(0);
    const { executor } = agent.start();
    await executor.execute(relayOn({ issuedMs, expiresMs: issuedMs + 30_000, leaseUntilMs: NOW + untilMs }));
    agent.pass(heldMs - 1);
    await executor.tick();
    expect(agent.device.words.get(0)).toBe(1);
    agent.pass(1);
    await executor.tick();
    expect(agent.device.words.get(0)).toBe(0);
  });
});

describe('A lease after a restart', () => {
  it('of the agent ends when it would have, although the hub is away and the clock was set', async () => {
    const agent = agentWith(0);
    await agent.start().executor.execute(relayOn());
    agent.pass(4000);
    agent.set(-48 * HOUR);
    agent.restart();
    const { executor } = agent.start();
    await executor.resume();
    await executor.tick();
    expect(agent.device.words.get(0)).toBe(1);
    agent.pass(6000);
    await executor.tick();
    expect(agent.device.words.get(0)).toBe(0);
  });

  it('of the machine ends at once for a relay: nobody knows how long it was off', async () => {
    const agent = agentWith(0);
    await agent.start().executor.execute(relayOn({ leaseUntilMs: NOW + 12 * HOUR }));
    agent.pass(1000);
    agent.reboot();
    const { executor, receipts } = agent.start();
    await executor.resume();
    await executor.tick();
    expect([agent.device.words.get(0), receipts.at(-1)?.state]).toEqual([0, 'reverted']);
  });

  it('of the machine waits for the hub, where the device gives the limit up by itself', async () => {
    const agent = agentWith(0);
    const { limit, writes } = agent.device;
    const known = memory();
    let hubMs: number | null = NOW;
    let elapsedMs = 5000;
    const time = (boot: string) => ({ boot, elapsedMs: () => elapsedMs, hubMs: () => hubMs });
    await setUp(limit, known, time('boot-1')).executor.execute(command());
    writes.length = 0;
    [hubMs, elapsedMs] = [null, 100];
    const { executor, states } = setUp(limit, known, time('boot-2'));
    await executor.resume();
    await executor.tick();
    expect(writes).toEqual([]);
    hubMs = NOW + 300_000;
    await executor.tick();
    expect(writes).toHaveLength(3);
    elapsedMs += 300_000;
    await executor.tick();
    expect([writes.at(-1), states()]).toEqual([[9, 0], ['reverted']]);
  });
});
