/** Commands against the demo's devices on the wire, which misbehave: whatever fails, nothing of it stays in force. */
import type { Command, ReceiptEvent } from '@commonworks/core';
import { createElectrical } from '@commonworks/demo/wire/electrical.ts';
import type { ActiveFault, Faults } from '@commonworks/demo/wire/faults.ts';
import { type Framing, RTU_FRAMING, TCP_FRAMING } from '@commonworks/demo/wire/modbus-framing.ts';
import { serveModbus } from '@commonworks/demo/wire/modbus-server.ts';
import { EXCEPTION, type ModbusUnit } from '@commonworks/demo/wire/modbus-unit.ts';
import { createRelay as createRelayUnit } from '@commonworks/demo/wire/relay.ts';
import { createInverter } from '@commonworks/demo/wire/sunspec-inverter.ts';
import { createWorld } from '@commonworks/demo/world/world.ts';
import { createBus } from '@commonworks/edge/bus/bus.ts';
import type { CommandTime } from '@commonworks/edge/command/deadlines.ts';
import { type CommandMemory, createExecutor } from '@commonworks/edge/command/executor.ts';
import { createPowerLimit } from '@commonworks/edge/command/power-limit.ts';
import { createRelay } from '@commonworks/edge/command/relay.ts';
import { loadProfile } from '@commonworks/edge/profile/load.ts';
import type { SunspecProfile } from '@commonworks/edge/profile/schema.ts';
import { createDeviceReader } from '@commonworks/edge/read/device-reader.ts';
import { describe, expect, it, vi } from 'vitest';

const NOW = Date.UTC(2026, 5, 1, 10);
const PATIENCE = { timeout: 60_000, interval: 5 };
const TIMEOUT_MS = 60;
const STILL = 'edge.command-still-in-force';
/** Where model 123 of the demo's inverter begins: marker, model 1, 103 and 120 stand before it. */
const MODEL_123 = 40_000 + 2 + 68 + 52 + 28;
const OFFSETS = { value: 5, revertS: 7, enable: 9 } as const;

type Row = Awaited<ReturnType<CommandMemory['open']>>[number];
type Memory = CommandMemory & { readonly rows: Map<string, Row> };
/** Stands still but where a test lets time pass. */
let elapsedMs = 0;
const TIME: CommandTime = { elapsedMs: () => elapsedMs, boot: 'boot', hubMs: () => NOW };

function createMemory(): Memory {
  const rows: Memory['rows'] = new Map();
  return {
    rows,
    remember: async (id, body, lease) =>
      !rows.has(id) && rows.set(id, { id, body, state: 'accepted', ...lease }) === rows,
    setState: async (id, state) => {
      const row = rows.get(id);
      if (row !== undefined) rows.set(id, { ...row, state });
    },
    open: async () => [...rows.values()].filter(({ state }) => state !== 'done'),
  };
}

type Options = {
  /** Changes the device: what it ignores, what it does besides. */
  readonly habits?: (unit: ModbusUnit) => ModbusUnit;
  /** What happens to the n-th request, counted from 1. */
  readonly faultAt?: (n: number) => ActiveFault | null;
};

async function setUp(device: 'inverter' | 'relay', { habits = (unit) => unit, faultAt = () => null }: Options) {
  const world = createWorld({ seed: 1, startMs: NOW, zone: 'Europe/Vienna' });
  const isInverter = device === 'inverter';
  const unit = isInverter ? createInverter(world, createElectrical(1)) : createRelayUnit(world, 'laser-1-relay');
  const framing: Framing = isInverter ? TCP_FRAMING : RTU_FRAMING;
  let requests = 0;
  let isWell = false;
  const faults: Faults = {
    set: () => undefined,
    take: () => (isWell ? null : faultAt(++requests)),
  };
  const line = {
    framing,
    units: new Map([[1, habits(unit)]]),
    faults,
    sync: () => undefined,
    onWrite: () => undefined,
  };
  const wire = await serveModbus(line, { host: '127.0.0.1', port: 0 });
  const stop = new AbortController();
  const bus = createBus(
    {
      ...{ name: 'b', kind: isInverter ? 'modbus-tcp' : 'modbus-rtu-tcp', host: '127.0.0.1', port: wire.port },
      ...{ timeoutMs: TIMEOUT_MS, devices: [{ device: 'd', title: 'd', profile: 'p', unit: 1 }] },
    },
    stop.signal,
  );
  const profile = loadProfile('sunspec-inverter') as SunspecProfile;
  const control = profile.controls?.powerLimit;
  if (control === undefined) throw new Error('the profile has a power limit');
  const setting = isInverter
    ? createPowerLimit({ bus, unit: 1, reader: createDeviceReader(profile, 1), control })
    : createRelay({ bus, unit: 1, coil: 0 });
  const memory = createMemory();
  const receipts: ReceiptEvent[] = [];
  const agent = () =>
    createExecutor({
      ...{ settingOf: () => setting, memory, time: TIME, observePauseMs: 1 },
      report: async (_device, receipt) => void receipts.push(receipt),
    });
  return {
    world,
    receipts,
    memory,
    executor: agent(),
    /** A new life of the agent with the same outbox. */
    restart: agent,
    heal: () => {
      isWell = true;
    },
    [Symbol.dispose]: () => {
      stop.abort();
      wire.close();
    },
  };
}

const command = (changes: Partial<Command> = {}): Command => ({
  ...{ id: 'c1', community: 'c', edge: 'e', device: 'd', kind: 'setPowerLimitPct', value: 45 },
  ...{ issuedMs: NOW, expiresMs: NOW + 30_000, leaseUntilMs: NOW + 600_000 },
  ...changes,
});
const relayOn = command({ kind: 'setRelay', value: 1 });

/** As the demo's own device does it. */
function written(unit: ModbusUnit, address: number, values: readonly number[]): number | null {
  return unit.writeRegisters === undefined ? EXCEPTION.function : unit.writeRegisters(address, values);
}

/** Takes writes to these offsets of model 123, answers as if written, and does nothing. */
const deafTo =
  (...offsets: readonly number[]) =>
  (unit: ModbusUnit): ModbusUnit => ({
    ...unit,
    writeRegisters: (address, values) =>
      offsets.includes(address - MODEL_123) ? null : written(unit, address, values),
  });

describe('An inverter that', () => {
  it.each([
    ['ignores the revert timer', deafTo(OFFSETS.revertS)],
    ['ignores the value', deafTo(OFFSETS.value)],
  ])('%s is not left limited: the limit is taken back, and that is read', async (_name, habits) => {
    using site = await setUp('inverter', { habits });
    await site.executor.execute(command());
    expect(site.world.pvLimit().isEnabled).toBe(false);
    expect(site.receipts.at(-1)).toMatchObject({ state: 'failed', reason: expect.stringContaining('undone: ') });
    expect(await site.memory.open()).toEqual([]);
  });

  it('cannot be released is said to be limited still, also after a restart, until it shows that it is not', async () => {
    let isStuck = true;
    const habits = (unit: ModbusUnit): ModbusUnit => ({
      ...unit,
      writeRegisters: (address, values) => {
        const offset = address - MODEL_123;
        const isIgnored = offset === OFFSETS.revertS || (isStuck && offset === OFFSETS.enable && values[0] === 0);
        return isIgnored ? null : written(unit, address, values);
      },
    });
    using site = await setUp('inverter', { habits });
    await site.executor.execute(command());
    expect(site.world.pvLimit().isEnabled).toBe(true);
    expect(site.receipts.at(-1)).toMatchObject({ state: 'failed', reason: expect.stringContaining(STILL) });
    isStuck = false;
    const next = site.restart();
    await next.resume();
    await vi.waitFor(async () => {
      await next.tick();
      expect(site.receipts.at(-1)?.state).toBe('reverted');
    }, PATIENCE);
    expect(site.world.pvLimit().isEnabled).toBe(false);
    expect(site.receipts.map(({ state }) => state)).toEqual(['accepted', 'written', 'failed', 'reverted']);
  });
});

const KINDS = ['drop', 'truncated', 'wrong-crc', 'exception', 'exception-after'] as const;
/** A limit costs at most this many requests: finding the map, three writes, looks at it. */
const REQUESTS = 18;
const cases = KINDS.flatMap((kind) => Array.from({ length: REQUESTS }, (_, n) => ({ kind, n: n + 1 })));

describe('A fault of the wire', () => {
  it.each(cases)('($kind at request $n) leaves a limit confirmed, or none at all', async ({ kind, n }) => {
    using site = await setUp('inverter', { faultAt: (at) => (at === n ? { kind, delayMs: 0 } : null) });
    await site.executor.execute(command());
    const isConfirmed = site.receipts.at(-1)?.state === 'confirmed';
    if (isConfirmed) expect(site.world.pvLimit()).toMatchObject({ isEnabled: true, pct: 45, revertS: 300 });
    await vi.waitFor(async () => {
      await site.executor.tick();
      expect((await site.memory.open()).map(({ state }) => state)).toEqual(isConfirmed ? ['held'] : []);
    }, PATIENCE);
    expect(site.world.pvLimit().isEnabled).toBe(isConfirmed);
  });

  it('that stays from the write on is told as still in force, and undone when the device answers again', async () => {
    using site = await setUp('relay', {
      faultAt: (at) => ({ kind: at === 1 ? 'truncated' : 'drop', delayMs: 0 }),
    });
    await site.executor.execute(relayOn);
    expect(site.world.isRelayOn('laser-1-relay')).toBe(true);
    expect(site.receipts.at(-1)).toMatchObject({ state: 'failed', reason: expect.stringContaining(STILL) });
    site.heal();
    await vi.waitFor(async () => {
      await site.executor.tick();
      expect(site.receipts.at(-1)?.state).toBe('reverted');
    }, PATIENCE);
    expect(site.world.isRelayOn('laser-1-relay')).toBe(false);
  });
});

describe('A relay', () => {
  it('whose read-back differs is switched off again', async () => {
    let isLying = true;
    using site = await setUp('relay', {
      habits: (unit) => ({ ...unit, coils: () => (isLying ? [false] : (unit.coils?.() ?? [])) }),
    });
    await site.executor.execute(relayOn);
    isLying = false;
    expect(site.world.isRelayOn('laser-1-relay')).toBe(false);
    expect(site.receipts.at(-1)?.state).toBe('failed');
  });

  it('that does not go off at the end of its lease is said to be on', async () => {
    using site = await setUp('relay', {
      habits: (unit) => ({
        ...unit,
        writeCoil: (address, isOn) => (isOn && unit.writeCoil !== undefined ? unit.writeCoil(address, isOn) : null),
      }),
    });
    await site.executor.execute({ ...relayOn, leaseUntilMs: NOW + 1000 });
    expect(site.receipts.at(-1)?.state).toBe('confirmed');
    elapsedMs += 1000;
    await site.executor.tick();
    expect(site.receipts.at(-1)).toMatchObject({ state: 'failed', reason: expect.stringContaining(STILL) });
    expect(site.world.isRelayOn('laser-1-relay')).toBe(true);
  });
});
