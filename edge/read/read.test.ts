import { CodedError } from '@commonworks/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModbusClient, Span } from '../modbus/client.ts';
import { loadProfile } from '../profile/load.ts';
import type { ModbusProfile, SunspecProfile } from '../profile/schema.ts';
import { coalesce } from './coalesce.ts';
import { createDeviceReader } from './device-reader.ts';
import { planModbus } from './plan.ts';
import { pointReading } from './point-value.ts';
import { rawNumber, SUNSPEC_SENTINELS, wordCount } from './raw-value.ts';

/** A device as plain memory; addresses outside are refused. */
function memoryClient(words: ReadonlyMap<number, number>, requests: Span[] = []): ModbusClient {
  return {
    readRegisters: async (_unit, _table, span) => {
      requests.push(span);
      return Array.from({ length: span.count }, (_, i) => {
        const word = words.get(span.address + i);
        if (word === undefined) {
          throw new CodedError('edge.modbus-exception', 'exception 2', { detail: { exception: 2 } });
        }
        return word;
      });
    },
    readCoil: async () => true,
    writeRegisters: async () => undefined,
    writeCoil: async () => undefined,
    isOpen: () => true,
    close: () => undefined,
  };
}

/** Models laid out behind the marker; `points` are words by offset from each model's ID. */
function sunspecMap(base: number, models: { id: number; length: number; points: Record<number, number> }[]) {
  const words = new Map([
    [base, 0x5375],
    [base + 1, 0x6e53],
  ]);
  let address = base + 2;
  for (const { id, length, points } of models) {
    for (let i = 0; i < length + 2; i++) words.set(address + i, 0xffff);
    words.set(address, id);
    words.set(address + 1, length);
    for (const [offset, word] of Object.entries(points)) words.set(address + Number(offset), word);
    address += length + 2;
  }
  words.set(address, 0xffff);
  words.set(address + 1, 0);
  return words;
}

const inverter = loadProfile('sunspec-inverter') as SunspecProfile;
const battery = loadProfile('sunspec-battery') as SunspecProfile;
const MODEL_103 = {
  33: 0x8000,
  37: 0xffff,
  14: 5432,
  15: 0xffff,
  24: 0x0001,
  25: 0x0000,
  26: 0,
  38: 4,
  16: 5001,
  17: 0xfffe,
};

describe('Raw words', () => {
  it.each([
    ['u16', [0xffff], 'msw', 65_535],
    ['s16', [0xffff], 'msw', -1],
    ['u32', [1, 2], 'msw', 65_538],
    ['u32', [1, 2], 'lsw', 131_073],
    ['s32', [0xffff, 0xfffe], 'msw', -2],
    ['u64', [0, 0, 1, 2], 'msw', 65_538],
    ['s64', [0xffff, 0xffff, 0xffff, 0xfffd], 'msw', -3],
    ['f32', [0x42f6, 0xe979], 'msw', Math.fround(123.456)],
    ['f64', [0x405e, 0xdd2f, 0x1a9f, 0xbe77], 'msw', 123.456],
    ['f32', [0x7fc0, 0], 'msw', null],
    ['f32', [0x7f80, 0], 'msw', null],
    ['u64', [0xffff, 0, 0, 0], 'msw', null],
    ['u32', [1], 'msw', null],
  ] as const)('%s %j %s', (type, words, order, value) => {
    expect(rawNumber(words, { type, order })).toBe(value);
  });

  it('that mean "not implemented" are no value, before any scaling', () => {
    for (const [type, sentinels] of Object.entries(SUNSPEC_SENTINELS)) {
      for (const sentinel of sentinels) {
        const words = (sentinel.slice(2).match(/.{4}/g) ?? []).map((hex) => Number.parseInt(hex, 16));
        const rule = { type: type as keyof typeof SUNSPEC_SENTINELS, sentinels };
        expect([type, words.length, rawNumber(words, rule)]).toEqual([type, wordCount(rule.type), null]);
      }
    }
  });
});

describe('A value', () => {
  it('has at most three decimals, its sign, and no minus zero', () => {
    const rule = { scale: 1000, sign: 1 } as const;
    expect(pointReading('importedWh', Math.fround(12_345.678), rule).value).toBe(12_345_677.734);
    expect(pointReading('activePowerW', 0, { sign: -1 }).value).toBe(0);
    expect(Object.is(pointReading('activePowerW', 0, { sign: -1 }).value, 0)).toBe(true);
    expect(pointReading('activePowerW', 5432, { sign: -1 }, -1).value).toBe(-543.2);
  });

  it('that cannot be is null with its quality, never zero', () => {
    expect(pointReading('importedWh', null, {})).toEqual({ value: null, quality: 'missing' });
    expect(pointReading('importedWh', -1, {})).toEqual({ value: null, quality: 'implausible' });
    expect(pointReading('importedWh', 1e15, { scale: 1000 })).toEqual({ value: null, quality: 'implausible' });
  });
});

describe('Coalescing', () => {
  it('reads every wanted span whole, within the limits, and nothing twice', () => {
    const span = fc
      .record({ start: fc.nat(300), length: fc.integer({ min: 1, max: 4 }), table: fc.constantFrom('input', 'coil') })
      .map(({ start, length, table }) => ({ table, start, end: start + length }));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 40 }), fc.integer({ min: 4, max: 80 }), fc.nat(60), (spans, max, gap) => {
        const requests = coalesce(spans, { registersMax: max, gapMax: gap });
        for (const { table, start, end } of spans) {
          const holder = requests.find(
            (request) => request.table === table && request.address <= start && end <= request.address + request.count,
          );
          expect(holder).toBeDefined();
        }
        for (const request of requests) expect(request.count).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('reads a three-phase meter in one request', () => {
    const plan = planModbus(loadProfile('eastron-sdm630') as ModbusProfile);
    expect(plan.requests).toEqual([{ table: 'input', address: 0, count: 0x4c }]);
    expect(planModbus(loadProfile('eastron-sdm120') as ModbusProfile).requests).toHaveLength(1);
  });
});

describe('A SunSpec device', () => {
  it.each([40_000, 50_000, 0])('is found at %i, scaled and signed', async (base) => {
    const words = sunspecMap(base, [
      { id: 1, length: 66, points: {} },
      { id: 103, length: 50, points: MODEL_103 },
      { id: 123, length: 24, points: { 5: 4500, 9: 1, 23: 0xfffe } },
    ]);
    const readings = await createDeviceReader(inverter, 1).read(memoryClient(words));
    expect(readings.get('activePowerW')).toEqual({ value: -543.2, quality: 'good' });
    expect(readings.get('exportedWh')).toEqual({ value: 65_536, quality: 'good' });
    expect(readings.get('frequencyHz')).toEqual({ value: 50.01, quality: 'good' });
    expect(readings.get('operatingState')).toEqual({ value: 'running', quality: 'good' });
    expect(readings.get('activePowerLimitPct')).toEqual({ value: 45, quality: 'good' });
    expect(readings.get('temperatureC')).toEqual({ value: null, quality: 'missing' });
  });

  it('shows no limit while it is not enabled', async () => {
    const words = sunspecMap(40_000, [
      { id: 103, length: 50, points: MODEL_103 },
      { id: 123, length: 24, points: { 5: 4500, 9: 0, 23: 0xfffe } },
    ]);
    const readings = await createDeviceReader(inverter, 1).read(memoryClient(words));
    expect(readings.get('activePowerLimitPct')?.value).toBe(100);
  });

  it('has no value where the scale factor is missing, and no reading of a counter that never counted', async () => {
    const points = { ...MODEL_103, 15: 0x8000, 24: 0, 25: 0 };
    const words = sunspecMap(40_000, [{ id: 103, length: 50, points }]);
    const readings = await createDeviceReader(inverter, 1).read(memoryClient(words));
    expect(readings.get('activePowerW')).toEqual({ value: null, quality: 'missing' });
    expect(readings.get('exportedWh')).toEqual({ value: null, quality: 'missing' });
  });

  it('with a shorter model lacks what lies beyond its length, and no end marker ends the chain', async () => {
    const words = sunspecMap(40_000, [{ id: 103, length: 30, points: { 14: 100, 15: 0 } }]);
    for (const address of [40_034, 40_035]) words.delete(address);
    const readings = await createDeviceReader(inverter, 1).read(memoryClient(words));
    expect(readings.get('activePowerW')?.value).toBe(-100);
    expect(readings.has('operatingState')).toBe(false);
  });

  it('keeps value and scale factor in one request', async () => {
    const requests: Span[] = [];
    const words = sunspecMap(40_000, [
      { id: 701, length: 153, points: { 10: 0xff00, 116: 1, 22: 7, 26: 9, 120: 0, 4: 3 } },
      { id: 713, length: 7, points: { 4: 805, 8: 0xffff } },
    ]);
    for (const offset of [19, 20, 21, 23, 24, 25]) words.set(40_002 + offset, 0);
    const readings = await createDeviceReader(battery, 1).read(memoryClient(words, requests));
    expect(readings.get('activePowerW')).toEqual({ value: 2560, quality: 'good' });
    expect(readings.get('exportedWh')?.value).toBe(7);
    expect(readings.get('importedWh')?.value).toBe(9);
    expect(readings.get('socPct')?.value).toBe(80.5);
    expect(requests.filter((span) => span.count > 2)).toHaveLength(2);
  });

  it('without SunSpec, or without the models wanted, says so', async () => {
    await expect(createDeviceReader(inverter, 1).read(memoryClient(new Map()))).rejects.toMatchObject({
      code: 'edge.sunspec-absent',
    });
    const words = sunspecMap(40_000, [{ id: 201, length: 105, points: {} }]);
    await expect(createDeviceReader(inverter, 1).read(memoryClient(words))).rejects.toMatchObject({
      code: 'edge.sunspec-model-absent',
    });
  });
});
