import { expect, it } from 'vitest';
import type { UnplacedEnergy } from './account.ts';
import { unplacedEnergy } from './account.ts';
import { deriveIntervals, type IntervalEnergy } from './derive-intervals.ts';
import { judgeCounter } from './judge-counter.ts';
import type { GapRule } from './place-gap.ts';
import type { CounterFacts, RegisterSample } from './register-sample.ts';

const LENGTH = 900_000;
const facts: CounterFacts = { ratedPowerW: 50_000 };

function sample(timeMs: number, mwh: number | null): RegisterSample {
  return { timeMs, mwh, quality: mwh === null ? 'missing' : 'good' };
}

type Derived = { intervals: readonly IntervalEnergy[]; unplaced: readonly UnplacedEnergy[] };

function derive(samples: readonly RegisterSample[], toMs = 3 * LENGTH, gapRule: GapRule = { method: 'flat' }): Derived {
  const { points } = judgeCounter(samples, facts);
  const placed = deriveIntervals(points, {
    span: { fromMs: 0, toMs },
    lengthMs: LENGTH,
    gapRule: () => gapRule,
    stalls: [],
  });
  return { intervals: placed.intervals, unplaced: unplacedEnergy(points, placed) };
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
      method: null,
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

const gap = [sample(0, 100), sample(3 * LENGTH - 1, 800), sample(3 * LENGTH, 900)];

it('spreads the energy of a gap evenly where the community said so, and says that it did', () => {
  const { intervals, unplaced } = derive(gap);
  expect(intervals.map((interval) => interval.energyMwh)).toEqual([233, 234, 333]);
  expect(intervals.map(({ quality, method }) => [quality, method])).toEqual(Array(3).fill(['estimated', 'flat']));
  expect(unplaced).toEqual([]);
});

it('leaves the energy of a gap unplaced where the community said so, and keeps it', () => {
  const { intervals, unplaced } = derive(gap, 3 * LENGTH, { method: 'unplaced' });
  expect(intervals.map((interval) => interval.energyMwh)).toEqual([null, null, null]);
  expect(intervals.every((interval) => interval.quality === 'missing')).toBe(true);
  expect(unplaced.map(({ energyMwh }) => energyMwh)).toEqual([700, 100]);
});

it('follows a shape through a gap, in part where the gap begins and ends within an interval', () => {
  const weights = [600, 0, 300];
  const weightAt = (startMs: number) => weights[startMs / LENGTH] ?? null;
  const { intervals } = derive([sample(LENGTH / 2, 100), sample(3 * LENGTH, 700)], 3 * LENGTH, {
    method: 'day-before',
    weightAt,
  });
  expect(intervals.map(({ energyMwh, method }) => [energyMwh, method])).toEqual([
    [null, null],
    [0, 'day-before'],
    [300, 'day-before'],
  ]);
});

it('spreads evenly where the shape is not known throughout', () => {
  const weightAt = (startMs: number) => (startMs === 0 ? null : 5);
  const { intervals } = derive([sample(0, 0), sample(3 * LENGTH, 900)], 3 * LENGTH, { method: 'load-curve', weightAt });
  expect(intervals.map(({ energyMwh, method }) => [energyMwh, method])).toEqual(Array(3).fill([300, 'flat']));
});

it('says how much of a missing interval was seen', () => {
  const { intervals, unplaced } = derive([sample(300_000, 100), sample(LENGTH, 200)], LENGTH);
  expect(unplaced).toEqual([{ fromMs: 300_000, toMs: LENGTH, energyMwh: 100, reason: 'begin' }]);
  expect(intervals[0]).toMatchObject({
    openingMwh: null,
    closingMwh: 200,
    energyMwh: null,
    coveragePct: 66.67,
    quality: 'missing',
  });
});

it('makes no edge of a reading nobody could use', () => {
  const stale: RegisterSample = { timeMs: LENGTH, mwh: 500, quality: 'stale' };
  const { intervals } = derive([sample(0, 100), stale, sample(2 * LENGTH, 700)], 2 * LENGTH);
  expect(intervals.map(({ energyMwh, method }) => [energyMwh, method])).toEqual([
    [300, 'flat'],
    [300, 'flat'],
  ]);
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
