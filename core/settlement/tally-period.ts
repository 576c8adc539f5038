/** Walks a frozen period interval by interval: shares each one anew and keeps the sums that are booked. */
import { canonicalJson } from '../canonical-json.ts';
import { invariant } from '../errors.ts';
import type { InputRow, PeriodHeader, ResultRow } from './period.ts';
import {
  fixedWeights,
  type IntervalPart,
  type IntervalRule,
  SHARED_DIRECTIONS,
  shareInterval,
} from './share-interval.ts';

/** Sums of one metering point and register under one tariff. */
export type LineTotal = {
  readonly point: number;
  readonly direction: 0 | 1;
  readonly tariff: number;
  energyMwh: number;
  allocatedMwh: number;
  restMwh: number;
  roundingMicroMwh: number;
  intervals: number;
  intervalsComplete: number;
  /** Rank of the worst quality among the complete intervals. */
  quality: number;
};

export type PeriodTally = {
  /** All rows of one interval, in the order of the freeze; the results in the same order, missing ones left out. */
  readonly settle: (rows: readonly InputRow[]) => ResultRow[];
  /** Ordered by point, direction and tariff. */
  readonly totals: () => LineTotal[];
};

/** Why a row cannot be what was frozen, or null. */
export function inputFault(header: PeriodHeader, row: InputRow): string | null {
  const [point, direction, startMs, opening, closing, , , step, energy] = row;
  const role = header.points[point]?.role;
  if (role === undefined || !SHARED_DIRECTIONS[role].includes(direction)) return 'names no register of the period';
  if (startMs < header.fromMs || startMs >= header.toMs) return 'lies outside the period';
  if ((startMs - header.fromMs) % header.intervalMs !== 0) return 'is not on the grid of intervals';
  if (energy === null) return null;
  if (opening === null || closing === null || energy < 0) return 'has energy without registers, or below zero';
  if (closing - opening + step !== energy) return 'has energy that is not closing - opening + step';
  return null;
}

export function tallyPeriod(header: PeriodHeader): PeriodTally {
  const lines = new Map<string, LineTotal>();
  const weights = header.holdings.map(({ shares }) => fixedWeights(header.points, shares));
  const settle = (rows: readonly InputRow[]): ResultRow[] => {
    const startMs = rows[0]?.[2] ?? header.fromMs;
    const tariff = header.tariffs.findLastIndex((version) => version.fromMs <= startMs);
    const rule = ruleAt(header, { startMs, tariff, weights });
    if (rule === null) return [];
    const parts: IntervalPart[] = [];
    for (const row of rows) {
      const energy = row[8];
      if (energy !== null) parts.push({ id: header.points[row[0]]?.id ?? '', direction: row[1], mwh: energy });
    }
    const shares = new Map(shareInterval(rule, parts).map((share) => [`${share.id}/${share.direction}`, share]));
    const results: ResultRow[] = [];
    for (const row of rows) {
      const share = shares.get(`${header.points[row[0]]?.id}/${row[1]}`);
      const line = lineOf(lines, { point: row[0], direction: row[1], tariff });
      line.intervals++;
      if (share === undefined) continue;
      const { offeredMwh, allocatedMwh, restMwh, roundingMicroMwh } = share;
      results.push([row[0], row[1], startMs, offeredMwh, allocatedMwh, restMwh, roundingMicroMwh]);
      addShare(line, row, results.at(-1) as ResultRow);
    }
    return results;
  };
  return { settle, totals: () => [...lines.values()].sort(byKey) };
}

function ruleAt(
  header: PeriodHeader,
  at: { startMs: number; tariff: number; weights: readonly ReadonlyMap<string, number>[] },
): IntervalRule | null {
  const tariff = header.tariffs[at.tariff];
  if (tariff === undefined) return null;
  const holding = header.holdings.findLastIndex((version) => version.fromMs <= at.startMs);
  const isFixed = tariff.method === 'fixed';
  const weights = isFixed ? at.weights[holding] : undefined;
  return { startMs: at.startMs, keyVersion: tariff.id, method: tariff.method, weights: weights ?? new Map() };
}

function lineOf(lines: Map<string, LineTotal>, key: Pick<LineTotal, 'point' | 'direction' | 'tariff'>): LineTotal {
  const text = canonicalJson([key.point, key.direction, key.tariff]);
  const known = lines.get(text);
  if (known !== undefined) return known;
  const sums = { energyMwh: 0, allocatedMwh: 0, restMwh: 0, roundingMicroMwh: 0 };
  const line: LineTotal = { ...key, ...sums, intervals: 0, intervalsComplete: 0, quality: 0 };
  lines.set(text, line);
  return line;
}

function addShare(line: LineTotal, row: InputRow, result: ResultRow): void {
  line.intervalsComplete++;
  line.energyMwh += row[8] ?? 0;
  line.allocatedMwh += result[4];
  line.restMwh += result[5];
  line.roundingMicroMwh += result[6];
  line.quality = Math.max(line.quality, row[10]);
  invariant(line.allocatedMwh + line.restMwh === line.energyMwh, 'allocated and rest are the energy');
}

function byKey(a: LineTotal, b: LineTotal): number {
  return a.point - b.point || a.direction - b.direction || a.tariff - b.tariff;
}
