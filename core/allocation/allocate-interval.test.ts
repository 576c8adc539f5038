import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateInterval, type IntervalAllocation, type IntervalInput } from './allocate-interval.ts';
import { tieHash } from './tie-order.ts';
import type { Rounds } from './water-filling.ts';

const WEIGHTS = { a: 3, b: 5, c: 2 };

function allocate(
  method: IntervalInput['method'],
  mwh: Record<string, number>,
  more: { P: number | number[]; rounds?: Rounds },
): IntervalAllocation {
  return allocateInterval({
    startMs: 0,
    keyVersion: 'test',
    method,
    consumers: Object.entries(mwh).map(([id, value]) => ({ id, mwh: value, weight: WEIGHTS[id as 'a'] ?? 0 })),
    producers: [more.P].flat().map((value, k) => ({ id: `p${k}`, mwh: value })),
    rounds: more.rounds ?? 1,
  });
}

const allocated = (result: IntervalAllocation): number[] => result.consumers.map((consumer) => consumer.allocatedMwh);

describe('published worked examples', () => {
  it('fixed .3/.5/.2 of 1000 to 160/300/350 uses 660 and leaves 340', () => {
    const result = allocate('fixed', { a: 160, b: 300, c: 350 }, { P: 1000 });
    expect(allocated(result)).toEqual([160, 300, 200]);
    expect(result.consumers.map((consumer) => consumer.residualMwh)).toEqual([0, 0, 150]);
    expect(result).toMatchObject({ allocatedMwh: 660, surplusMwh: 340, consumedMwh: 810 });
  });

  it('pro rata of 1000 offers 400/600 to 200/300 and uses 500', () => {
    const result = allocate('pro-rata', { a: 200, b: 300 }, { P: 1000 });
    expect(result.consumers.map((consumer) => consumer.offeredMwh)).toEqual([400, 600]);
    expect(allocated(result)).toEqual([200, 300]);
    expect(result.surplusMwh).toBe(500);
  });

  it('pro rata with no consumption is zero everywhere, and finite', () => {
    const result = allocate('pro-rata', { a: 0, b: 0 }, { P: 1 });
    expect(result.consumers).toEqual(
      ['a', 'b'].map((id) => ({
        id,
        consumedMwh: 0,
        offeredMwh: 0,
        allocatedMwh: 0,
        residualMwh: 0,
        roundingMicroMwh: 0,
      })),
    );
    expect(result.surplusMwh).toBe(1);
  });

  it('hourly fixed shares 30/70 of 100 leave residuals 15/10 of 45/80', () => {
    const consumers = [
      { id: 'x', mwh: 45, weight: 30 },
      { id: 'y', mwh: 80, weight: 70 },
    ];
    const result = allocateInterval({
      startMs: 0,
      keyVersion: 'es',
      method: 'fixed',
      consumers,
      producers: [{ id: 'p', mwh: 100 }],
    });
    expect(result.consumers.map((consumer) => consumer.residualMwh)).toEqual([15, 10]);
  });

  const table: [number, IntervalInput['method'], Rounds, number[], number][] = [
    [600, 'fixed', 1, [160, 300, 120], 20],
    [810, 'fixed', 1, [160, 300, 162], 188],
    [1000, 'fixed', 1, [160, 300, 200], 340],
    [600, 'fixed', 2, [160, 300, 140], 0],
    [810, 'fixed', 2, [160, 300, 350], 0],
    [1000, 'fixed', 2, [160, 300, 350], 190],
    [600, 'fixed', 'all', [160, 300, 140], 0],
    [810, 'fixed', 'all', [160, 300, 350], 0],
    [1000, 'fixed', 'all', [160, 300, 350], 190],
    [600, 'pro-rata', 1, [119, 222, 259], 0],
    [810, 'pro-rata', 1, [160, 300, 350], 0],
    [1000, 'pro-rata', 1, [160, 300, 350], 190],
  ];
  it.each(table)('P=%i %s rounds %s', (P, method, rounds, shares, surplus) => {
    const result = allocate(method, { a: 160, b: 300, c: 350 }, { P, rounds });
    expect(allocated(result)).toEqual(shares);
    expect(result.surplusMwh).toBe(surplus);
  });
});

it('attributes what was used to producers by largest remainder', () => {
  const result = allocate('pro-rata', { a: 500, b: 200 }, { P: [1000, 3, 0] });
  expect(result.producers).toEqual([
    { id: 'p0', producedMwh: 1000, usedMwh: 698, surplusMwh: 302 },
    { id: 'p1', producedMwh: 3, usedMwh: 2, surplusMwh: 1 },
    { id: 'p2', producedMwh: 0, usedMwh: 0, surplusMwh: 0 },
  ]);
});

it('tells each member what rounding gave or took', () => {
  // 7 x 1/3 = 2 1/3: one of three got 2/3 of a mWh, the others gave 1/3 each.
  const result = allocate('pro-rata', { a: 3, b: 3, c: 3 }, { P: 7 });
  expect(result.consumers.map((consumer) => consumer.roundingMicroMwh).sort((a, b) => a - b)).toEqual([
    -333_333, -333_333, 666_667,
  ]);
});

it('breaks ties by the public hash, so that another interval favours another member', () => {
  const winners = new Set<string | undefined>();
  for (let quarter = 0; quarter < 24; quarter++) {
    const startMs = quarter * 900_000;
    const ids = ['ann', 'bob', 'cleo'];
    const consumers = ids.map((id) => ({ id, mwh: 5 }));
    const result = allocateInterval({
      startMs,
      keyVersion: 'k1',
      method: 'pro-rata',
      consumers,
      producers: [{ id: 'p', mwh: 1 }],
    });
    const winner = result.consumers.find((consumer) => consumer.allocatedMwh === 1)?.id;
    expect(winner).toBe([...ids].sort((a, b) => tieHash('k1', startMs, a) - tieHash('k1', startMs, b))[0]);
    winners.add(winner);
  }
  expect(winners.size).toBe(3);
});

it('does what docs/allocation.md works out by hand', () => {
  const consumers = [
    { id: 'ann', mwh: 300_000 },
    { id: 'bob', mwh: 300_000 },
    { id: 'cleo', mwh: 100_000 },
  ];
  const share = (roof: number, barn: number): IntervalAllocation =>
    allocateInterval({
      startMs: 1_679_788_800_000,
      keyVersion: 'k1',
      method: 'pro-rata',
      consumers,
      producers: [
        { id: 'roof', mwh: roof },
        { id: 'barn', mwh: barn },
      ],
    });
  const short = share(400_000, 100_002);
  expect(allocated(short)).toEqual([214_287, 214_286, 71_429]);
  expect(short.consumers.map((consumer) => consumer.roundingMicroMwh)).toEqual([428_571, -571_429, 142_857]);
  const plenty = share(600_000, 200_001).producers;
  expect(plenty.map((producer) => [producer.usedMwh, producer.surplusMwh])).toEqual([
    [524_999, 75_001],
    [175_001, 25_000],
  ]);
});

/** Computed by an independent FNV-1a and MurmurHash3 finaliser (in Python), as docs/allocation.md shows. */
it('hashes as docs/allocation.md says', () => {
  const hashes = ['ann', 'bob', 'cleo'].map((id) => tieHash('k1', 1_679_788_800_000, id));
  expect(hashes).toEqual([1_946_360_094, 2_728_486_659, 1_541_879_859]);
});

it('refuses fractions and negative energy as our own fault', () => {
  expect(() => allocate('pro-rata', { a: 0.5 }, { P: 1 })).toThrow('whole');
  expect(() => allocate('pro-rata', { a: 5 }, { P: -1 })).toThrow('whole');
  const twice = [1, 2].map((mwh) => ({ id: 'a', mwh }));
  expect(() =>
    allocateInterval({ startMs: 0, keyVersion: 'k', method: 'pro-rata', consumers: twice, producers: [] }),
  ).toThrow('distinct');
});

const energy = fc.oneof(
  fc.integer({ min: 0, max: 9 }),
  fc.integer({ min: 0, max: 5_000_000 }),
  fc.integer({ min: 0, max: 2 ** 45 }),
);
const anyInput = fc.record({
  startMs: fc.integer({ min: 0, max: 4_000_000 }).map((quarter) => quarter * 900_000),
  keyVersion: fc.constantFrom('k1', 'k2'),
  method: fc.constantFrom('pro-rata' as const, 'fixed' as const),
  rounds: fc.constantFrom<Rounds>(1, 2, 5, 'all'),
  consumers: fc
    .array(fc.tuple(energy, fc.nat({ max: 1000 })), { maxLength: 12 })
    .map((list) => list.map(([mwh, weight], i) => ({ id: `c${i}`, mwh, weight }))),
  producers: fc.array(energy, { maxLength: 4 }).map((list) => list.map((mwh, i) => ({ id: `p${i}`, mwh }))),
});

describe('laws', () => {
  it('conserves: every mWh produced is credited or surplus, every mWh consumed is credited or residual', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const result = allocateInterval(input);
        const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0);
        expect(sum(allocated(result)) + sum(result.producers.map((producer) => producer.surplusMwh))).toBe(
          result.producedMwh,
        );
        expect(sum(result.producers.map((producer) => producer.usedMwh))).toBe(result.allocatedMwh);
        expect(sum(result.consumers.map((consumer) => consumer.residualMwh)) + result.allocatedMwh).toBe(
          result.consumedMwh,
        );
      }),
    );
  });

  it('does not depend on the order of members or producers', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const byId = (result: IntervalAllocation): unknown => [
          [...result.consumers].sort((a, b) => (a.id < b.id ? -1 : 1)),
          [...result.producers].sort((a, b) => (a.id < b.id ? -1 : 1)),
        ];
        const turned = {
          ...input,
          consumers: [...input.consumers].reverse(),
          producers: [...input.producers].reverse(),
        };
        expect(byId(allocateInterval(turned))).toEqual(byId(allocateInterval(input)));
      }),
    );
  });

  it('changes nobody when a member without consumption joins pro rata or the unlimited key', () => {
    fc.assert(
      fc.property(anyInput, fc.nat({ max: 1000 }), (input, weight) => {
        const isOpen = input.method === 'pro-rata' || input.rounds === 'all';
        fc.pre(isOpen);
        const joined = { ...input, consumers: [...input.consumers, { id: 'new', mwh: 0, weight }] };
        expect(allocated(allocateInterval(joined)).slice(0, -1)).toEqual(allocated(allocateInterval(input)));
      }),
    );
  });

  it('never uses less when more is produced, pro rata and with unlimited rounds', () => {
    fc.assert(
      fc.property(anyInput, energy, (input, more) => {
        fc.pre(input.method === 'pro-rata' || input.rounds === 'all');
        const richer = { ...input, producers: [...input.producers, { id: 'more', mwh: more }] };
        expect(allocateInterval(richer).allocatedMwh).toBeGreaterThanOrEqual(allocateInterval(input).allocatedMwh);
      }),
    );
  });

  it('gives unlimited rounds all that can be given to members with weight', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const result = allocateInterval({ ...input, method: 'fixed', rounds: 'all' });
        const reachable = input.consumers
          .filter((consumer) => consumer.weight > 0)
          .reduce((sum, consumer) => sum + consumer.mwh, 0);
        expect(result.allocatedMwh).toBe(Math.min(reachable, result.producedMwh));
      }),
    );
  });

  it('moves at most one mWh by rounding, and nothing in sum where all is shared pro rata', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const result = allocateInterval({ ...input, method: 'pro-rata' });
        for (const consumer of result.consumers) expect(Math.abs(consumer.roundingMicroMwh)).toBeLessThanOrEqual(1e6);
        const total = result.consumers.reduce((sum, consumer) => sum + consumer.roundingMicroMwh, 0);
        expect(Math.abs(total)).toBeLessThanOrEqual(result.consumers.length);
      }),
    );
  });
});
