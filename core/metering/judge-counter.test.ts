import fc from 'fast-check';
import { expect, it } from 'vitest';
import { judgeCounter } from './judge-counter.ts';
import type { CounterFacts, RegisterSample } from './register-sample.ts';

const QUARTER = 900_000;
const KWH = 1_000_000;
/** Where a register of 16 bits of 1 Wh wraps. */
const BITS_16 = 65_536 * 1000;

function series(mwh: (number | null)[], of: Pick<RegisterSample, 'meter' | 'modulusMwh'> = {}): RegisterSample[] {
  return mwh.map((value, i) => ({
    timeMs: i * QUARTER,
    mwh: value,
    quality: value === null ? 'missing' : 'good',
    ...of,
  }));
}

const household: CounterFacts = { ratedPowerW: 20_000 };

type Case = {
  title: string;
  mwh: (number | null)[];
  facts: CounterFacts;
  modulusMwh?: number;
  total: number;
  kinds: string[];
  segments?: number;
};
const cases: Case[] = [
  { title: 'a plain rise', mwh: [10 * KWH, 11 * KWH, 12 * KWH], facts: household, total: 2 * KWH, kinds: [] },
  { title: 'a zero', mwh: [71 * KWH, 0, 71 * KWH], facts: household, total: 0, kinds: ['glitch'] },
  {
    title: 'a zero when nothing is known of the power',
    mwh: [71 * KWH, 0, 71 * KWH],
    facts: {},
    total: 0,
    kinds: ['glitch'],
  },
  { title: 'a zero at the very end', mwh: [71 * KWH, 71 * KWH, 0], facts: {}, total: 0, kinds: ['glitch'] },
  {
    title: 'zeros for a night',
    mwh: [187 * KWH, ...Array<number>(40).fill(0), 187 * KWH + 5],
    facts: household,
    total: 5,
    kinds: Array<string>(40).fill('glitch'),
  },
  {
    title: 'a zero at the very start',
    mwh: [0, 5000 * KWH, 5001 * KWH],
    facts: {},
    total: 1 * KWH,
    kinds: ['swap'],
    segments: 2,
  },
  {
    title: 'a dip of 0.1 kWh',
    mwh: [5000 * KWH, 5000 * KWH - 100_000, 5000 * KWH],
    facts: household,
    total: 0,
    kinds: ['dip'],
  },
  {
    title: 'a dip that climbs back slowly',
    mwh: [500 * KWH, 500 * KWH - 90_000, 500 * KWH - 10, 500 * KWH + 7],
    facts: household,
    total: 7,
    kinds: ['dip', 'dip'],
  },
  {
    title: 'a wrap of 16 bits of 0.1 kWh',
    mwh: [65_535 * 100_000, 1 * 100_000],
    facts: household,
    modulusMwh: 65_536 * 100_000,
    total: 200_000,
    kinds: ['rollover'],
  },
  {
    title: 'a wrap at exactly the modulus',
    mwh: [65_535 * 1000, 0, 2000],
    facts: household,
    modulusMwh: BITS_16,
    total: 3000,
    kinds: ['rollover'],
  },
  {
    title: 'a display that wraps at 99999.9 kWh',
    mwh: [99_999_900_000, 400_000, 500_000],
    facts: household,
    modulusMwh: 100_000 * KWH,
    total: 600_000,
    kinds: ['rollover'],
  },
  {
    title: 'a fall that would be a wrap of more than can flow',
    mwh: [30_000 * 1000, 500_000, 600_000],
    facts: { ratedPowerW: 5000 },
    modulusMwh: BITS_16,
    total: 600_000,
    kinds: ['reset'],
  },
  {
    title: 'a wrap that nothing bounds',
    mwh: [65_535_000, 1000, 3000],
    facts: {},
    modulusMwh: BITS_16,
    total: 2000,
    kinds: ['swap'],
    segments: 2,
  },
  { title: 'a restart from zero', mwh: [800 * KWH, 40_000, 60_000], facts: household, total: 60_000, kinds: ['reset'] },
  {
    title: 'a spike',
    mwh: [800 * KWH, 4_000_000 * KWH, 801 * KWH],
    facts: household,
    total: 1 * KWH,
    kinds: ['glitch'],
  },
  {
    title: 'a spike when nothing is known of the power',
    mwh: [800 * KWH, 4_000_000 * KWH, 801 * KWH, 802 * KWH],
    facts: {},
    total: 2 * KWH,
    kinds: ['glitch'],
  },
  {
    title: 'a spike at the very end',
    mwh: [800 * KWH, 801 * KWH, 4_000_000 * KWH],
    facts: household,
    total: 1 * KWH,
    kinds: ['glitch'],
  },
  {
    title: 'another meter behind the same address',
    mwh: [800 * KWH, 9000 * KWH, 9001 * KWH],
    facts: household,
    total: 1 * KWH,
    kinds: ['swap'],
    segments: 2,
  },
  { title: 'a gap', mwh: [800 * KWH, null, null, 803 * KWH], facts: household, total: 3 * KWH, kinds: [] },
  {
    title: 'a register that runs backwards',
    mwh: [800 * KWH, 700 * KWH, 600 * KWH, 500 * KWH],
    facts: household,
    total: 0,
    kinds: ['glitch', 'glitch', 'glitch'],
  },
  {
    title: 'zeros for two days, then the old register again',
    mwh: [50 * KWH, ...Array<number>(200).fill(0), 50 * KWH, 51 * KWH],
    facts: household,
    total: 1 * KWH,
    kinds: [],
  },
];

it.each(cases)('judges $title', ({ mwh, facts, modulusMwh, total, kinds, segments }) => {
  const { points, judgements } = judgeCounter(series(mwh, modulusMwh === undefined ? {} : { modulusMwh }), facts);
  expect(points.at(-1)?.cumulativeMwh).toBe(total);
  const heard = judgements.map((judgement) => judgement.kind);
  expect(mwh.length > 100 ? heard.filter((kind) => kind !== 'glitch') : heard).toEqual(kinds);
  expect((points.at(-1)?.segment ?? 0) + 1).toBe(segments ?? 1);
});

it('takes a change of meter for a swap whatever the values say', () => {
  const old = series([10 * KWH, 11 * KWH], { meter: 'a' });
  const swapped = series([0, 0, 12 * KWH, 13 * KWH], { meter: 'b' }).slice(2);
  const { points, judgements } = judgeCounter([...old, ...swapped], household);
  expect(judgements).toEqual([
    { timeMs: 2 * QUARTER, kind: 'swap', beforeMwh: 11 * KWH, afterMwh: 12 * KWH, creditedMwh: null },
  ]);
  expect(points.map((point) => point.segment)).toEqual([0, 0, 1, 1]);
});

it('wraps each meter of a place at its own modulus', () => {
  const own = (mwh: number[], at: number, modulusMwh: number) =>
    mwh.map((value, i) => ({
      ...{ timeMs: (at + i) * QUARTER, mwh: value, quality: 'good' as const, meter: String(at), modulusMwh },
    }));
  const { points, judgements } = judgeCounter(
    [...own([99 * KWH, 0.5 * KWH], 0, 100 * KWH), ...own([9_999 * KWH, 1 * KWH], 2, 10_000 * KWH)],
    household,
  );
  expect(judgements.map(({ kind, creditedMwh }) => [kind, creditedMwh])).toEqual([
    ['rollover', 1.5 * KWH],
    ['swap', null],
    ['rollover', 2 * KWH],
  ]);
  expect(points.at(-1)?.cumulativeMwh).toBe(3.5 * KWH);
});

it('lets a register catch up that is renewed slowly, and credits no more for it after a restart', () => {
  const at = (second: number, mwh: number): RegisterSample => ({ timeMs: second * 1000, mwh, quality: 'good' });
  const slow = [at(0, 500 * KWH), at(890, 500 * KWH), at(900, 504 * KWH), at(910, 504 * KWH)];
  const caughtUp = { judgements: [], points: { 3: { cumulativeMwh: 4 * KWH } } };
  // It stood still for long enough; else what is known of its renewal allows for it.
  expect(judgeCounter(slow, household)).toMatchObject(caughtUp);
  const unseen = [at(0, 499 * KWH), at(890, 500 * KWH), at(900, 504 * KWH), at(910, 504 * KWH)];
  expect(judgeCounter(unseen, household).judgements.map(({ kind }) => kind)).toEqual(['glitch', 'glitch']);
  const facts = { ...household, refreshMs: QUARTER };
  expect(judgeCounter(unseen, facts).judgements).toEqual([]);
  const restarted = [at(0, 500 * KWH), at(10, 4 * KWH), at(900, 4.5 * KWH)];
  expect(judgeCounter(restarted, facts).judgements.map(({ kind }) => kind)).toEqual(['swap']);
});

it('believes a strong rise after all when the fall that cast doubt on it is made good', () => {
  const wh = [1000, 3850, 3930, 4010, 2160, 2240, 2330, 4320, 4440, 4560];
  const samples = wh.map((value, k): RegisterSample => {
    return { timeMs: k * QUARTER, mwh: value * 1000, quality: 'good', meter: 'm' };
  });
  const { points } = judgeCounter(samples, household);
  // Three low readings, or three high ones: who cannot tell books nothing of either as read.
  expect(points.map(({ registerMwh }) => registerMwh / 1000)).toEqual([1000, 4320, 4440, 4560]);
  expect(points.map(({ step }) => step)).toEqual(['first', 'rise', 'rise', 'rise']);
});

it('refuses samples that do not ascend in time', () => {
  const twice = { timeMs: 5, mwh: 1, quality: 'good' as const };
  expect(() => judgeCounter([twice, twice], {})).toThrow('ascend');
});

const anySeries = fc.array(fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.constantFrom(0, 7 * KWH, 65_535_000)), {
  maxLength: 40,
});
const anyFacts = fc.constantFrom<CounterFacts>(
  {},
  household,
  { ratedPowerW: 2000 },
  { ratedPowerW: 2000, refreshMs: QUARTER },
);
const anyMeter = fc.constantFrom<Pick<RegisterSample, 'modulusMwh'>>(
  {},
  { modulusMwh: BITS_16 },
  { modulusMwh: 8 * KWH },
);

it('never makes cumulative energy fall, whatever the register says', () => {
  fc.assert(
    fc.property(anySeries, anyFacts, anyMeter, (mwh, facts, meter) => {
      const { points } = judgeCounter(series(mwh, meter), facts);
      for (const [i, point] of points.entries())
        expect(point.cumulativeMwh).toBeGreaterThanOrEqual(points[i - 1]?.cumulativeMwh ?? 0);
    }),
  );
});

it('never credits more than the rated power can have carried', () => {
  fc.assert(
    fc.property(anySeries, (mwh) => {
      const { points } = judgeCounter(series(mwh, { modulusMwh: BITS_16 }), { ratedPowerW: 2000 });
      const hours = ((points.at(-1)?.timeMs ?? 0) - (points[0]?.timeMs ?? 0)) / 3_600_000;
      // Each step may add one count and two seconds of latching to rated power times time.
      const slack = points.length * (1000 + 2000 * (2 / 3.6));
      expect(points.at(-1)?.cumulativeMwh ?? 0).toBeLessThanOrEqual(hours * 2000 * 1000 + slack);
    }),
  );
});

it('costs no phantom energy when zeros are strewn into a plain series', () => {
  const rises = fc.array(fc.integer({ min: 1, max: 4 * KWH }), { minLength: 4, maxLength: 30 });
  fc.assert(
    fc.property(rises, fc.nat({ max: 29 }), fc.integer({ min: 1, max: 3 }), (steps, at, zeros) => {
      let register = 5000 * KWH;
      const plain = steps.map((step) => (register += step));
      const position = 1 + (at % (plain.length - 2));
      const strewn = plain.map((mwh, i) =>
        i >= position && i < Math.min(position + zeros, plain.length - 1) ? 0 : mwh,
      );
      const truth = (plain.at(-1) ?? 0) - (plain[0] ?? 0);
      expect(judgeCounter(series(strewn), household).points.at(-1)?.cumulativeMwh).toBe(truth);
    }),
  );
});
