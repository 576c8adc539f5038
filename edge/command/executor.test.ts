import { generateKeyPairSync, sign } from 'node:crypto';
import { CodedError, type Command, type ReceiptEvent } from '@commonworks/core';
import { describe, expect, it, vi } from 'vitest';
import type { Bus } from '../bus/bus.ts';
import type { createModbusClient } from '../modbus/client.ts';
import { loadProfile } from '../profile/load.ts';
import type { SunspecProfile } from '../profile/schema.ts';
import { createDeviceReader } from '../read/device-reader.ts';
import { createExecutor } from './executor.ts';
import { createPowerLimit } from './power-limit.ts';
import { createRelay } from './relay.ts';
import type { Setting } from './setting.ts';
import { COMMUNITY, command, EDGE, memory, NOW } from './test-command.ts';
import { verifyCommand } from './verify.ts';

type Client = ReturnType<typeof createModbusClient>;

const STILL = 'edge.command-still-in-force';
const PATIENCE = { timeout: 10_000, interval: 5 };

/** An inverter's memory behind a bus: model 123 at 40002, percent with two decimals. */
function inverter() {
  const words = new Map<number, number>([
    [40_000, 0x5375],
    [40_001, 0x6e53],
    [40_002, 123],
    [40_003, 24],
    [40_025, 0xfffe],
    [40_028, 0xffff],
  ]);
  const writes: [number, number][] = [];
  let isIgnoring = false;
  let refused: [offset: number, value: number] | null = null;
  const client: Client = {
    readRegisters: async (_unit, _table, { address, count }) =>
      Array.from({ length: count }, (_, i) => words.get(address + i) ?? 0),
    readCoil: async () => words.get(0) === 1,
    writeRegisters: async (_unit, address, values) => {
      writes.push([address - 40_002, values[0] ?? 0]);
      if (refused !== null && refused[0] === address - 40_002 && refused[1] === values[0]) {
        throw new CodedError('edge.modbus-exception', 'exception 3: illegal data value', { detail: { exception: 3 } });
      }
      if (!isIgnoring) words.set(address, values[0] ?? 0);
    },
    writeCoil: async (_unit, address, isOn) => {
      words.set(address, isOn ? 1 : 0);
    },
    isOpen: () => true,
    close: () => undefined,
  };
  const bus: Bus = { name: 'roof', exchange: (_unit, job) => job(client), close: () => undefined };
  const profile = loadProfile('sunspec-inverter') as SunspecProfile;
  const control = profile.controls?.powerLimit;
  if (control === undefined) throw new Error('the profile has a power limit');
  const limit = createPowerLimit({ bus, unit: 1, reader: createDeviceReader(profile, 1), control });
  const relay = createRelay({ bus, unit: 1, coil: 0 });
  const ignore = (isOn: boolean) => {
    isIgnoring = isOn;
  };
  const refuse = (offset: number, value: number) => {
    refused = [offset, value];
  };
  return { words, writes, limit, relay, ignore, refuse };
}

/** The kernel's own time has nothing to do with the hub's. */
const BOOTED_MS = NOW - 123_456;

function setUp(setting: Setting | null, known = memory()) {
  const receipts: ReceiptEvent[] = [];
  let nowMs = NOW;
  const executor = createExecutor({
    settingOf: () => setting,
    memory: known,
    time: { elapsedMs: () => nowMs - BOOTED_MS, boot: 'boot-1', hubMs: () => nowMs },
    observePauseMs: 1,
    report: async (_device, receipt) => void receipts.push(receipt),
  });
  const states = () => receipts.map((receipt) => receipt.state);
  const passTo = (ms: number) => {
    nowMs = ms;
  };
  return { executor, receipts, states, passTo, known };
}

describe('A power limit', () => {
  it('is set with its revert timer first, scaled, and confirmed by reading back', async () => {
    const device = inverter();
    const { executor, receipts, states } = setUp(device.limit);
    await executor.execute(command());
    expect(device.writes).toEqual([
      [7, 300],
      [5, 4500],
      [9, 1],
    ]);
    expect(states()).toEqual(['accepted', 'written', 'confirmed']);
    expect(receipts.at(-1)?.observed).toBe(45);
  });

  it('is repeated at half the revert time and released when the lease ends', async () => {
    const device = inverter();
    const { executor, states, passTo } = setUp(device.limit);
    await executor.execute(command());
    device.writes.length = 0;
    passTo(NOW + 149_999);
    await executor.tick();
    expect(device.writes).toEqual([]);
    passTo(NOW + 150_000);
    await executor.tick();
    expect(device.writes).toHaveLength(3);
    passTo(NOW + 600_000);
    await executor.tick();
    expect(device.writes.at(-1)).toEqual([9, 0]);
    expect(states()).toEqual(['accepted', 'written', 'confirmed', 'reverted']);
    device.writes.length = 0;
    await executor.tick();
    expect(device.writes).toEqual([]);
  });

  it('that the device does not show has failed', async () => {
    const device = inverter();
    device.ignore(true);
    const { executor, receipts } = setUp(device.limit);
    await executor.execute(command());
    expect(receipts.at(-1)).toMatchObject({ state: 'failed', observed: 100 });
    expect(receipts.at(-1)?.reason).toContain('edge.command-not-observed');
  });

  it('goes on after a restart of the agent, and what was cut short is reported', async () => {
    const device = inverter();
    const first = setUp(device.limit);
    await first.executor.execute(command());
    await first.known.remember('c2', JSON.stringify(command({ id: 'c2' })), { boot: 'boot-1', deadlineMs: null });
    device.writes.length = 0;
    const second = setUp(device.limit, first.known);
    await second.executor.resume();
    expect(second.receipts).toMatchObject([{ command: 'c2', state: 'failed' }]);
    await second.executor.tick();
    expect(device.writes).toHaveLength(3);
  });

  it('gives way to the next command for the device', async () => {
    const device = inverter();
    const { executor, receipts } = setUp(device.limit);
    await executor.execute(command());
    await executor.execute(command({ id: 'c2', kind: 'clearPowerLimit', value: null }));
    expect(receipts.map(({ command: id, state }) => [id, state]).slice(3)).toEqual([
      ['c2', 'accepted'],
      ['c2', 'written'],
      ['c1', 'reverted'],
      ['c2', 'confirmed'],
    ]);
    expect(device.words.get(40_011)).toBe(0);
  });
});

describe('A command', () => {
  it('is executed once, however often it is delivered', async () => {
    const device = inverter();
    const { executor, receipts } = setUp(device.limit);
    await Promise.all([executor.execute(command()), executor.execute(command()), executor.execute(command())]);
    expect([device.writes.length, receipts.length]).toEqual([3, 3]);
  });

  it('after its expiry is not executed', async () => {
    const device = inverter();
    const { executor, states } = setUp(device.limit);
    await executor.execute(command({ expiresMs: NOW - 1 }));
    expect([states(), device.writes]).toEqual([['expired'], []]);
  });

  it.each([
    [command({ value: 101 }), 'edge.command-out-of-range'],
    [command({ value: null }), 'edge.command-out-of-range'],
    [command({ kind: 'setRelay', value: 1 }), 'edge.command-device'],
  ])('outside what the device takes fails: %#', async (asked, code) => {
    const device = inverter();
    const { executor, receipts } = setUp(device.limit);
    await executor.execute(asked);
    expect(receipts).toMatchObject([{ state: 'failed', reason: expect.stringContaining(code) }]);
    expect(device.writes).toEqual([]);
  });

  it('for a device that does not answer fails with the bus’s reason', async () => {
    const { limit } = inverter();
    const silent = { ...limit, set: () => Promise.reject(new CodedError('edge.modbus-timeout', 'no reply in time')) };
    const { executor, receipts } = setUp(silent);
    await executor.execute(command());
    expect(receipts.at(-1)).toMatchObject({
      state: 'failed',
      reason: 'edge.modbus-timeout: no reply in time; undone: the device shows 100',
    });
  });

  it('switches a relay, and off again when its lease ends', async () => {
    const device = inverter();
    const { executor, receipts, passTo } = setUp(device.relay);
    await executor.execute(command({ kind: 'setRelay', value: 1 }));
    expect(receipts.at(-1)).toMatchObject({ state: 'confirmed', observed: 1 });
    passTo(NOW + 600_000);
    await executor.tick();
    expect(receipts.at(-1)).toMatchObject({ state: 'reverted', observed: 0 });
  });
});

describe('A failed command', () => {
  const on = (changes: Partial<Command> = {}) => command({ kind: 'setRelay', value: 1, ...changes });
  const timeout = () => Promise.reject(new CodedError('edge.modbus-timeout', 'no reply in time'));

  it('is undone although the answer to the write was lost', async () => {
    const device = inverter();
    const lossy = { ...device.relay, set: (value: number) => device.relay.set(value).then(timeout) };
    const { executor, receipts, known } = setUp(lossy);
    await executor.execute(on());
    expect(receipts.at(-1)).toMatchObject({ state: 'failed', reason: expect.stringContaining('undone: ') });
    expect([device.words.get(0), await known.open()]).toEqual([0, []]);
  });

  it('is undone although nothing can be read back, says that it may still act, and ends when it is read back', async () => {
    const device = inverter();
    let isDeaf = true;
    const { executor, receipts, states, known } = setUp({
      ...device.relay,
      observe: () => (isDeaf ? timeout() : device.relay.observe()),
    });
    await executor.execute(on());
    expect(receipts.at(-1)).toMatchObject({ state: 'failed', reason: expect.stringContaining(STILL) });
    expect(device.words.get(0)).toBe(0);
    expect(await known.open()).toMatchObject([{ id: 'c1', state: 'undoing' }]);
    isDeaf = false;
    await vi.waitFor(async () => {
      await executor.tick();
      expect(states().at(-1)).toBe('reverted');
    }, PATIENCE);
    expect(await known.open()).toEqual([]);
  });

  it.each([1, 0])('of value %i goes back to the lease that runs, which still ends', async (value) => {
    const device = inverter();
    let isSilent = false;
    const setting = { ...device.relay, set: (to: number) => (isSilent ? timeout() : device.relay.set(to)) };
    const { executor, states, passTo } = setUp(setting);
    await executor.execute(on());
    isSilent = true;
    await executor.execute(on({ id: 'c2', value, leaseUntilMs: value === 1 ? NOW + 900_000 : null }));
    expect([states().at(-1), device.words.get(0)]).toEqual(['failed', 1]);
    passTo(NOW + 600_000);
    await executor.tick();
    expect(device.words.get(0)).toBe(0);
  });

  it('of a limit goes back to the limit that is held', async () => {
    const device = inverter();
    const { executor, receipts } = setUp(device.limit);
    await executor.execute(command());
    device.refuse(5, 2000);
    await executor.execute(command({ id: 'c2', value: 20 }));
    expect(receipts.at(-1)).toMatchObject({ command: 'c2', state: 'failed' });
    expect(receipts.at(-1)?.reason).toContain('undone: the device shows 45');
  });

  it('is undone after a restart: the agent was killed between writing and reading back', async () => {
    const device = inverter();
    const before = setUp(device.relay);
    await before.executor.execute(on());
    await before.known.setState('c1', 'written');
    const after = setUp(device.relay, before.known);
    await after.executor.resume();
    expect(after.receipts.at(-1)).toMatchObject({ state: 'failed', reason: expect.stringContaining(STILL) });
    await after.executor.tick();
    expect([device.words.get(0), after.states().at(-1)]).toEqual([0, 'reverted']);
    expect((await after.known.open()).length).toBe(0);
  });

  it('that is not undone yet is tried again after a restart, and said once', async () => {
    const device = inverter();
    const stuck = { ...device.relay, release: timeout, observe: () => Promise.resolve(null) };
    const before = setUp(stuck);
    await before.executor.execute(on());
    expect(device.words.get(0)).toBe(1);
    const after = setUp(device.relay, before.known);
    await after.executor.resume();
    await after.executor.tick();
    expect([device.words.get(0), after.states()]).toEqual([0, ['reverted']]);
  });

  it('gives way to one that succeeds', async () => {
    const device = inverter();
    let isStuck = true;
    const setting = {
      ...device.relay,
      observe: () => (isStuck ? Promise.resolve(null) : device.relay.observe()),
    };
    const { executor, receipts, known } = setUp(setting);
    await executor.execute(on());
    isStuck = false;
    await executor.execute(on({ id: 'c2' }));
    expect(receipts.slice(-2)).toMatchObject([
      { command: 'c1', state: 'reverted', reason: 'replaced by command c2' },
      { command: 'c2', state: 'confirmed' },
    ]);
    expect(await known.open()).toMatchObject([{ id: 'c2', state: 'held' }]);
  });
});

describe('The end of a lease', () => {
  it('counts when it was read back: a relay that stays on is said to be on, and switched off until it is', async () => {
    const device = inverter();
    let isStuck = true;
    const setting = {
      ...device.relay,
      release: async () => {
        if (!isStuck) await device.relay.release();
      },
    };
    const { executor, receipts, states, passTo } = setUp(setting);
    await executor.execute(command({ kind: 'setRelay', value: 1 }));
    passTo(NOW + 600_000);
    await executor.tick();
    expect(receipts.at(-1)).toMatchObject({ state: 'failed', reason: expect.stringContaining(STILL) });
    isStuck = false;
    await vi.waitFor(async () => {
      await executor.tick();
      expect(states().at(-1)).toBe('reverted');
    }, PATIENCE);
    expect(device.words.get(0)).toBe(0);
  });
});

describe('A signature', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const context = { publicKey, community: COMMUNITY, edge: EDGE };
  const signed = (body: string, key = privateKey) => ({
    body,
    signature: sign(null, Buffer.from(body), key).toString('base64'),
  });

  it('of the community is needed, over exactly these bytes', () => {
    const body = JSON.stringify(command());
    expect(verifyCommand(signed(body), context)).toEqual({ ok: true, value: command() });
    const other = generateKeyPairSync('ed25519').privateKey;
    expect(verifyCommand(signed(body, other), context)).toMatchObject({ ok: false, reason: 'edge.command-signature' });
    const changed = { ...signed(body), body: body.replace('45', '46') };
    expect(verifyCommand(changed, context)).toMatchObject({ ok: false, reason: 'edge.command-signature' });
    expect(verifyCommand({ body, signature: '' }, context)).toMatchObject({ ok: false });
    expect(verifyCommand(signed(body), { ...context, publicKey: null })).toMatchObject({ ok: false });
  });

  it('on a command for another edge or community does not count here', () => {
    for (const changes of [{ edge: COMMUNITY }, { community: EDGE }]) {
      const body = JSON.stringify(command(changes));
      expect(verifyCommand(signed(body), context)).toMatchObject({ ok: false, reason: 'edge.command-device' });
    }
    expect(verifyCommand(signed('{"id":1}'), context)).toMatchObject({ ok: false });
  });
});
