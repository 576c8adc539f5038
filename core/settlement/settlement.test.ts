/** Laws of a settled period: energy is conserved into the ledger, corrections add up, and a golden example by hand. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryFault, type LedgerEntry } from '../ledger/entry.ts';
import {
  fixedWeights,
  type InputRow,
  type IntervalRule,
  inputFault,
  type LineTotal,
  type PeriodHeader,
  periodEntries,
  ruleAt,
  type SharingPoint,
  shareInterval,
  tallyPeriod,
} from './index.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const Q = 900_000;

const POINTS: readonly SharingPoint[] = [
  { id: uuid(10), role: 'producer', owner: 'community' },
  { id: uuid(11), role: 'consumer', owner: uuid(1) },
  { id: uuid(12), role: 'consumer', owner: uuid(2) },
  { id: uuid(13), role: 'consumer', owner: uuid(2) },
  { id: uuid(14), role: 'storage', owner: 'community' },
  { id: uuid(15), role: 'producer', owner: uuid(1) },
];
/** Registers in the order of rows: point, direction. */
const REGISTERS = [
  [0, 1],
  [1, 0],
  [2, 0],
  [3, 0],
  [4, 0],
  [4, 1],
  [5, 1],
] as const;

const header = (method: 'pro-rata' | 'fixed', intervals: number): PeriodHeader => ({
  format: 1,
  community: uuid(99),
  currency: 'EUR',
  zone: 'UTC',
  month: '2026-10',
  fromMs: 0,
  toMs: intervals * Q,
  intervalMs: Q,
  points: POINTS.map(({ id, role, owner }) => ({ id, role, owner })),
  sources: [],
  tariffs: [
    { id: uuid(20), fromMs: 0, method, internalPrice: '12.5' },
    { id: uuid(21), fromMs: 2 * Q, method, internalPrice: '13.333333' },
  ],
  holdings:
    method === 'fixed' ? [{ fromMs: 0, shares: { [uuid(1)]: 3, [uuid(2)]: 5, [uuid(3)]: 2, community: 7 } }] : [],
});

/** `null` is a missing measurement. */
const energies = fc.array(
  fc.array(fc.option(fc.integer({ min: 0, max: 3_000_000 }), { freq: 6 }), { minLength: 7, maxLength: 7 }),
  { minLength: 1, maxLength: 6 },
);
const method = fc.constantFrom('pro-rata' as const, 'fixed' as const);

function rowsOf(intervals: readonly (readonly (number | null)[])[]): InputRow[][] {
  return intervals.map((interval, k) =>
    REGISTERS.map(([point, direction], i): InputRow => {
      const energy = interval[i] ?? null;
      const edges = energy === null ? ([null, null] as const) : ([7, 7 + energy] as const);
      return [point, direction, k * Q, ...edges, k * Q, (k + 1) * Q, 0, energy, 1_000_000, 0, null, null, null, null];
    }),
  );
}

function settle(of: PeriodHeader, intervals: readonly (readonly (number | null)[])[]): LineTotal[] {
  const tally = tallyPeriod(of);
  for (const rows of rowsOf(intervals)) {
    for (const row of rows) expect(inputFault(of, row)).toBeNull();
    tally.settle(rows);
  }
  return tally.totals();
}

const run = (version: number) => ({ id: 'run', version, period: '2026-10', createdMs: 5 });
const sum = (entries: readonly LedgerEntry[], account: string, unit: string) =>
  entries
    .flatMap((entry) => entry.postings)
    .filter((posting) => posting.account === account && posting.unit === unit)
    .reduce((total, posting) => total + posting.amount, 0);

describe('periodEntries', () => {
  it('balance, empty the pool, and book exactly what was produced', () => {
    fc.assert(
      fc.property(method, energies, (by, intervals) => {
        const of = header(by, intervals.length);
        const entries = periodEntries(run(1), { header: of, totals: settle(of, intervals), before: null }, sha256);
        for (const entry of entries) expect(entryFault(entry)).toBeNull();
        expect(new Set(entries.map((entry) => entry.id)).size).toBe(entries.length);
        expect(sum(entries, 'community/pool', 'mWh')).toBe(0);
        const produced = intervals.reduce((total, row) => total + (row[0] ?? 0), 0);
        expect(sum(entries, `point/${uuid(10)}`, 'mWh')).toBe(-produced + 0 || 0);
      }),
    );
  });

  it('of a later version make up the difference: first and correction give what the later alone would', () => {
    fc.assert(
      fc.property(method, energies, energies, (by, first, later) => {
        const length = Math.max(first.length, later.length);
        const of = header(by, length);
        const before = { header: of, totals: settle(of, first) };
        const after = { header: of, totals: settle(of, later) };
        const corrected = [
          ...periodEntries(run(1), { ...before, before: null }, sha256),
          ...periodEntries(run(2), { ...after, before }, sha256),
        ];
        const alone = periodEntries(run(1), { ...after, before: null }, sha256);
        const accounts = new Set(
          [...corrected, ...alone].flatMap((entry) => entry.postings.map((posting) => posting.account)),
        );
        for (const account of accounts) {
          for (const unit of ['mWh', 'EUR']) expect(sum(corrected, account, unit)).toBe(sum(alone, account, unit));
        }
      }),
    );
  });
});

describe('a settled interval by hand', () => {
  it('is shared, summed and posted as on paper', () => {
    // 10 Wh are made. Consumption 6 + 9 + 0 + 5 (battery charges) = 20 Wh, nothing is discharged: everybody gets half.
    const of = header('pro-rata', 1);
    const totals = settle(of, [[10_000, 6000, 9000, 0, 5000, 0, 0]]);
    const entries = periodEntries(run(1), { header: of, totals, before: null }, sha256);
    expect(sum(entries, `member/${uuid(1)}`, 'mWh')).toBe(3000);
    expect(sum(entries, `member/${uuid(2)}`, 'mWh')).toBe(4500);
    expect(sum(entries, 'community', 'mWh')).toBe(2500);
    expect(sum(entries, 'community/surplus', 'mWh')).toBe(0);
    // 0.0045 kWh x 12.5 ct = 0.05625 ct: nothing in whole cents.
    expect(sum(entries, `member/${uuid(2)}`, 'EUR')).toBe(0);
  });

  it('credits a member who produces, at the price the others pay', () => {
    // The member's own roof gives 80 kWh, the community's 20; 50 are used: pro rata of production 40 and 10.
    const of = header('pro-rata', 1);
    const totals = settle(of, [[20_000_000, 0, 50_000_000, 0, 0, 0, 80_000_000]]);
    const entries = periodEntries(run(1), { header: of, totals, before: null }, sha256);
    // 40 kWh x 12.5 ct = 500 ct to the one, 50 kWh x 12.5 ct = 625 ct from the other.
    expect(sum(entries, `member/${uuid(1)}`, 'EUR')).toBe(-500);
    expect(sum(entries, `member/${uuid(2)}`, 'EUR')).toBe(625);
    expect(sum(entries, 'community/surplus', 'mWh')).toBe(50_000_000);
  });
});

describe('the fixed key', () => {
  const shares = { [uuid(1)]: 3, [uuid(2)]: 5, [uuid(3)]: 2, community: 7 };
  it('spreads shares over the points of their owner and hands nobody those of an owner without one', () => {
    expect(fixedWeights(POINTS, shares)).toEqual(
      new Map([
        [uuid(11), 6],
        [uuid(12), 5],
        [uuid(13), 5],
        [uuid(14), 14],
        [`owner/${uuid(3)}`, 4],
      ]),
    );
  });

  it('leaves the offer of who was not measured as surplus', () => {
    const tariffs = [{ id: 'k', fromMs: 0, method: 'fixed' as const }];
    const rules = { points: POINTS, tariffs, holdings: [{ fromMs: 0, shares }] };
    const rule = ruleAt(rules, { startMs: 0, endMs: Q }) as IntervalRule;
    const parts = [
      { id: uuid(10), direction: 1 as const, mwh: 34_000 },
      { id: uuid(11), direction: 0 as const, mwh: 100_000 },
    ];
    // 6 of 34 weights: 6000 of 34,000 mWh, although nobody else takes anything.
    expect(shareInterval(rule, parts).map((share) => share.allocatedMwh)).toEqual([6000, 6000]);
  });
});

describe('inputFault', () => {
  const good: InputRow = [1, 0, 0, 5, 12, 0, Q, 0, 7, 1_000_000, 0, null, null, null, null];
  it.each([
    ['another energy than its registers', good.with(8, 8)],
    ['energy without registers', good.with(3, null)],
    ['a start off the grid', good.with(2, 1)],
    ['a start outside the month', good.with(2, 40 * Q)],
    ['a direction its role does not have', good.with(1, 1)],
    ['an unknown point', good.with(0, 77)],
    ['energy below zero', good.with(4, 4).with(8, -1)],
  ])('refuses %s', (_, row) => {
    const of = header('pro-rata', 4);
    expect(inputFault(of, good)).toBeNull();
    expect(inputFault(of, row as InputRow)).not.toBeNull();
  });
});
