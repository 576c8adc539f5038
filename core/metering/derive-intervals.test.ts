import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type DerivedIntervals, deriveIntervals, type IntervalEnergy } from './derive-intervals.ts';
import type { CounterFacts, RegisterSample } from './register-sample.ts';
import { touchedIntervals } from './touched-intervals.ts';

const LENGTH = 900_000;
const DAY = { fromMs: 0, toMs: 96 * LENGTH };
const facts: CounterFacts = { ratedPowerW: 50_000 };

function sample(timeMs: number, mwh: number | null): RegisterSample {
  return { timeMs, mwh, quality: mwh === null ? 'missing' : 'good' };
}

function derive(samples: readonly RegisterSample[], toMs = 3 * LENGTH): DerivedIntervals {
  return deriveIntervals(samples, { facts, span: { fromMs: 0, toMs }, lengthMs: LENGTH });
}

it('takes energy from the registers at the edges, exactly', () => {
  const { intervals } = derive([sample(0, 1000), sample(400_000, 1300), sample(LENGTH, 1700)], LENGTH);
  expect(intervals).toEqual([
    {
      startMs: 0,
      openingMwh: 1000,
      closingMwh: 1700,
      openingMs: 0,
      closingMs: LENGTH,
      energyMwh: 700,
      coveragePct: 100,
      quality: 'good',
    },
  ]);
});

it('interpolates an edge between near readings and calls the result estimated', () => {
  const { intervals } = derive(
    [sample(0, 0), sample(600_000, 600), sample(1_200_000, 1200), sample(2 * LENGTH, 1800)],
    2 * LENGTH,
  );
  expect(intervals.map((interval) => interval.energyMwh)).toEqual([900, 900]);
  expect(intervals.map((interval) => interval.quality)).toEqual(['estimated', 'estimated']);
  expect(intervals[0]).toMatchObject({ closingMwh: 900, closingMs: 1_200_000, coveragePct: 100 });
  expect(intervals[1]).toMatchObject({ openingMwh: 900, openingMs: 600_000 });
});

it('interpolates nothing across more than one interval, and keeps the energy of the gap', () => {
  const { intervals, unplaced } = derive([sample(0, 100), sample(3 * LENGTH - 1, 800), sample(3 * LENGTH, 900)]);
  expect(intervals.map((interval) => interval.energyMwh)).toEqual([null, null, null]);
  expect(intervals.every((interval) => interval.quality === 'missing')).toBe(true);
  expect(unplaced).toEqual([{ fromMs: 0, toMs: 3 * LENGTH, energyMwh: 800 }]);
});

it('says how much of a missing interval was seen', () => {
  const { intervals } = derive([sample(300_000, 100), sample(LENGTH, 200)], LENGTH);
  expect(intervals[0]).toMatchObject({
    openingMwh: null,
    closingMwh: 200,
    energyMwh: null,
    coveragePct: 66.67,
    quality: 'missing',
  });
});

it('does not make an interval of a reading nobody could use', () => {
  const stale: RegisterSample = { timeMs: LENGTH, mwh: 500, quality: 'stale' };
  const { intervals } = derive([sample(0, 100), stale, sample(2 * LENGTH, 700)], 2 * LENGTH);
  expect(intervals.map((interval) => interval.energyMwh)).toEqual([null, null]);
});

it('carries the estimate of an operator through to the interval', () => {
  const substitute: RegisterSample = { timeMs: LENGTH, mwh: 500, quality: 'estimated' };
  expect(derive([sample(0, 100), substitute], LENGTH).intervals[0]).toMatchObject({
    energyMwh: 400,
    quality: 'estimated',
  });
});

it('calls an interval with a restart estimated, and one with a swap missing', () => {
  const restarted = derive(
    [sample(0, 800_000_000), sample(LENGTH, 4000), sample(2 * LENGTH, 5000)],
    2 * LENGTH,
  ).intervals;
  expect(restarted.map((interval) => [interval.energyMwh, interval.quality])).toEqual([
    [4000, 'estimated'],
    [1000, 'good'],
  ]);
  const swapped = derive([sample(0, 8e8), sample(LENGTH, 9e9), sample(2 * LENGTH, 9e9 + 5)], 2 * LENGTH).intervals;
  expect(swapped.map((interval) => [interval.energyMwh, interval.quality, interval.coveragePct])).toEqual([
    [null, 'missing', 0],
    [5, 'good', 100],
  ]);
});

it('credits a wrap inside an interval, also across an interpolated edge', () => {
  const wraps = (timeMs: number, mwh: number) => ({ ...sample(timeMs, mwh), modulusMwh: 65_536_000 });
  const samples = [wraps(0, 65_000_000), wraps(LENGTH - 300_000, 65_400_000), wraps(LENGTH + 300_000, 64_000)];
  const { intervals } = derive(samples, LENGTH);
  // 65,536,000 - 65,400,000 + 64,000 = 200,000 flowed between the last two; half of it before the edge.
  expect(intervals[0]).toMatchObject({ energyMwh: 500_000, closingMwh: 65_500_000, quality: 'estimated' });
});

/** Readings at any second of a day, rising by what 30 kW can carry. */
const dayOfReadings = fc
  .uniqueArray(fc.integer({ min: 0, max: 86_400 }), { minLength: 2, maxLength: 120 })
  .chain((seconds) =>
    fc.tuple(
      fc.constant([...seconds].sort((a, b) => a - b)),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: seconds.length, maxLength: seconds.length }),
    ),
  )
  .map(([seconds, loads]) => {
    let register = 5_000_000_000;
    return seconds.map((second, i) => {
      const elapsedMs = i === 0 ? 0 : (second - (seconds[i - 1] as number)) * 1000;
      register += Math.floor(((loads[i] as number) * 30_000 * elapsedMs) / 3600);
      return sample(second * 1000, register);
    });
  });

/** Also with zeros, dips, wraps and restarts among them. */
const troubledDay = fc
  .tuple(
    dayOfReadings,
    fc.array(fc.tuple(fc.nat({ max: 119 }), fc.constantFrom('zero', 'dip', 'spike', 'missing', 'restart')), {
      maxLength: 6,
    }),
  )
  .map(([samples, troubles]) => {
    const values = samples.map((one) => one.mwh as number | null);
    for (const [position, kind] of troubles) {
      const at = position % values.length;
      const value = values[at];
      if (value === null || value === undefined) continue;
      if (kind === 'zero') values[at] = 0;
      if (kind === 'dip') values[at] = Math.max(0, value - 90_000);
      if (kind === 'spike') values[at] = value + 7_000_000_000;
      if (kind === 'missing') values[at] = null;
      if (kind === 'restart')
        for (let i = at; i < values.length; i++) values[i] = Math.max(0, (values[i] ?? 0) - value);
    }
    return samples.map((one, i) => sample(one.timeMs, values[i] ?? null));
  });

function placed(intervals: readonly IntervalEnergy[]): number {
  return intervals.reduce((sum, interval) => sum + (interval.energyMwh ?? 0), 0);
}

it('telescopes: intervals and unplaced energy add up to the last known edge minus the first', () => {
  fc.assert(
    fc.property(dayOfReadings, (samples) => {
      const { intervals, unplaced } = deriveIntervals(samples, { facts, span: DAY, lengthMs: LENGTH });
      const edges = intervals
        .flatMap((interval) => [interval.openingMwh, interval.closingMwh])
        .filter((mwh) => mwh !== null);
      const total = placed(intervals) + unplaced.reduce((sum, gap) => sum + gap.energyMwh, 0);
      expect(total).toBe((edges.at(-1) ?? 0) - (edges[0] ?? 0));
    }),
  );
});

it('telescopes to the mWh over a day read at every boundary', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 7_000_000 }), { minLength: 96, maxLength: 96 }), (rises) => {
      let register = 123_456_789;
      const samples = [sample(0, register)];
      for (const [i, rise] of rises.entries()) {
        register += rise;
        samples.push(sample((i + 1) * LENGTH, register));
      }
      const { intervals } = deriveIntervals(samples, { facts, span: DAY, lengthMs: LENGTH });
      expect(intervals.map((interval) => interval.energyMwh)).toEqual(rises);
      expect(placed(intervals)).toBe(register - 123_456_789);
    }),
    { numRuns: 20 },
  );
});

it('never gives a negative interval, and gives a number exactly when both edges are known', () => {
  fc.assert(
    fc.property(troubledDay, (samples) => {
      for (const interval of deriveIntervals(samples, { facts, span: DAY, lengthMs: LENGTH }).intervals) {
        expect(interval.energyMwh === null).toBe(interval.quality === 'missing');
        if (interval.energyMwh !== null) expect(interval.energyMwh).toBeGreaterThanOrEqual(0);
        if (interval.openingMwh === null || interval.closingMwh === null) expect(interval.energyMwh).toBeNull();
        expect(interval.coveragePct).toBeGreaterThanOrEqual(0);
        expect(interval.coveragePct).toBeLessThanOrEqual(100);
      }
    }),
  );
});

it('reaches the same intervals from late readings in any order, deriving only what they touch', () => {
  fc.assert(
    fc.property(troubledDay, fc.infiniteStream(fc.nat()), (samples, dice) => {
      const order = samples.map((one) => ({ one, at: dice.next().value })).sort((a, b) => a.at - b.at);
      const known: RegisterSample[] = [];
      const table = new Map<number, IntervalEnergy>();
      for (const { one } of order) {
        known.push(one);
        known.sort((a, b) => a.timeMs - b.timeMs);
        for (const startMs of touchedIntervals(known, { facts, lateMs: [one.timeMs], lengthMs: LENGTH })) {
          const span = { fromMs: startMs, toMs: startMs + LENGTH };
          const [interval] = deriveIntervals(known, { facts, span, lengthMs: LENGTH }).intervals;
          if (interval) table.set(startMs, interval);
        }
      }
      const whole = deriveIntervals(samples, { facts, span: DAY, lengthMs: LENGTH }).intervals;
      for (const interval of whole) {
        const kept = table.get(interval.startMs);
        if (kept === undefined) expect(interval.energyMwh).toBeNull();
        else expect(kept).toEqual(interval);
      }
    }),
    { numRuns: 40 },
  );
});

it('touches the interval of a late reading that is ignored, so that it can be said', () => {
  const samples = Array.from({ length: 9 }, (_, i) => sample(i * LENGTH, 1_000_000 + i * 1000));
  const odd = sample(4 * LENGTH + 60_000, 0);
  const all = [...samples, odd].sort((a, b) => a.timeMs - b.timeMs);
  expect(touchedIntervals(all, { facts, lateMs: [odd.timeMs], lengthMs: LENGTH })).toEqual([4 * LENGTH]);
});

it('touches only the neighbourhood of a late reading in a plain series', () => {
  const samples = Array.from({ length: 97 }, (_, i) => sample(i * LENGTH, 1_000_000 + i * 1000));
  expect(
    touchedIntervals(samples, { facts, lateMs: [40 * LENGTH], lengthMs: LENGTH }).map((start) => start / LENGTH),
  ).toEqual([39, 40, 41]);
  expect(
    touchedIntervals(samples, { facts, lateMs: [96 * LENGTH], lengthMs: LENGTH }).map((start) => start / LENGTH),
  ).toEqual([95, 96]);
});
