/** Walks a frozen period interval by interval: shares each one anew and keeps the sums that are booked. */
import { canonicalJson } from '../canonical-json.ts';
import { invariant } from '../errors.ts';
import { qualityRank } from '../quality.ts';
import { type InputRow, methodOf, type PeriodHeader, type ResultRow, SUBSTITUTE_METHOD } from './period.ts';
import { settleInterval } from './settle-interval.ts';
import type { IntervalPart } from './share-interval.ts';
import { isAssigned, SHARED_DIRECTIONS } from './sharing-rules.ts';
import { type HeldStock, heldMwh, type StorageFlow } from './storage-stock.ts';

/** Sums of one metering point and register under one tariff. */
export type LineTotal = {
  readonly point: number;
  readonly direction: 0 | 1;
  readonly tariff: number;
  energyMwh: number;
  allocatedMwh: number;
  restMwh: number;
  /** Part of the rest that a storage gave of energy from the grid: nobody's surplus. */
  gridMwh: number;
  roundingMicroMwh: number;
  intervals: number;
  intervalsComplete: number;
  /** Rank of the worst quality among the complete intervals. */
  quality: number;
};

/** A storage's period. opening + chargedOwn + chargedGrid + unknown = closing + givenOwn + givenGrid + lost. */
export type StorageTotal = Omit<{ -readonly [Key in keyof StorageFlow]: number }, 'closing'> & {
  readonly point: number;
  openingMwh: number;
  closingMwh: number;
};

export type PeriodTally = {
  /** All rows of one interval, in the order of the freeze; the results in the same order, missing ones left out. */
  readonly settle: (rows: readonly InputRow[]) => ResultRow[];
  /** Ordered by point, direction and tariff. */
  readonly totals: () => LineTotal[];
  /** Of each storage whose origin is followed, by point. */
  readonly storage: () => StorageTotal[];
};

const FIELDS_OF = { 1: 15, 2: 16 } as const;

/** Why a row cannot be what was frozen, or null. */
export function inputFault(header: PeriodHeader, row: InputRow): string | null {
  const [point, direction, startMs, opening, closing, , , step, energy] = row;
  if (row.length !== FIELDS_OF[header.format]) return 'has not the fields of its format';
  const role = header.points[point]?.role;
  if (role === undefined || !SHARED_DIRECTIONS[role].includes(direction)) return 'names no register of the period';
  if (startMs < header.fromMs || startMs >= header.toMs) return 'lies outside the period';
  if ((startMs - header.fromMs) % header.intervalMs !== 0) return 'is not on the grid of intervals';
  if (energy === null) return null;
  if (methodOf(row) === SUBSTITUTE_METHOD) return substituteFault(row);
  if (opening === null || closing === null || energy < 0) return 'has energy without registers, or below zero';
  if (closing - opening + step !== energy) return 'has energy that is not closing - opening + step';
  return null;
}

/** Why the rows of one interval cannot be all that were frozen of it, or null. Without dated spans that cannot be told. */
export function intervalFault(header: PeriodHeader, rows: readonly InputRow[]): string | null {
  if (header.points.some(({ spans }) => spans === undefined)) return null;
  const startMs = rows[0]?.[2] ?? header.fromMs;
  const interval = { startMs, endMs: startMs + header.intervalMs };
  const expected = header.points.flatMap((point, place) =>
    isAssigned(point, interval) ? SHARED_DIRECTIONS[point.role].map((direction) => `${place}/${direction}`) : [],
  );
  const isWhole = expected.length === rows.length && rows.every((row, i) => `${row[0]}/${row[1]}` === expected[i]);
  return isWhole ? null : 'has other registers than those assigned then';
}

/** What a person typed stands for itself: nothing read supports it, and it never passes for measured. */
function substituteFault(row: InputRow): string | null {
  const [, , , opening, closing, openingMs, closingMs, step, energy, , quality, ...sources] = row;
  const read = [opening, closing, openingMs, closingMs, ...sources.slice(0, 4)];
  if (energy === null || energy < 0) return 'is a substitute below zero';
  if (step !== 0 || read.some((value) => value !== null)) return 'is a substitute with registers';
  return quality === qualityRank('estimated') ? null : 'is a substitute that is not called estimated';
}

export function tallyPeriod(header: PeriodHeader): PeriodTally {
  const lines = new Map<string, LineTotal>();
  const stocks = openingStocks(header);
  const storage = new Map<string, StorageTotal>();
  const settle = (rows: readonly InputRow[]): ResultRow[] => {
    const startMs = rows[0]?.[2] ?? header.fromMs;
    const parts: IntervalPart[] = [];
    for (const row of rows) {
      const energy = row[8];
      if (energy !== null) parts.push({ id: header.points[row[0]]?.id ?? '', direction: row[1], mwh: energy });
    }
    const settled = settleInterval(header, { startMs, endMs: startMs + header.intervalMs, parts }, stocks);
    if (settled === null) return [];
    for (const [id, flow] of settled.storage) {
      addFlow(storage, { header, id, opening: stocks.get(id) }, flow);
      stocks.set(id, { atMs: startMs, stock: flow.closing });
    }
    const tariff = header.tariffs.findIndex((version) => version.id === settled.rule.keyVersion);
    const shares = new Map(settled.shares.map((share) => [`${share.id}/${share.direction}`, share]));
    const results: ResultRow[] = [];
    for (const row of rows) {
      const id = header.points[row[0]]?.id ?? '';
      const share = shares.get(`${id}/${row[1]}`);
      const line = lineOf(lines, { point: row[0], direction: row[1], tariff });
      line.intervals++;
      if (share === undefined) continue;
      const { offeredMwh, allocatedMwh, restMwh, roundingMicroMwh } = share;
      results.push([row[0], row[1], startMs, offeredMwh, allocatedMwh, restMwh, roundingMicroMwh]);
      addShare(line, row, results.at(-1) as ResultRow);
      if (row[1] === 1) line.gridMwh += settled.storage.get(id)?.givenGridMwh ?? 0;
    }
    return results;
  };
  const totals = () => [...lines.values()].sort(byKey);
  return { settle, totals, storage: () => [...storage.values()].sort((a, b) => a.point - b.point) };
}

function openingStocks(header: PeriodHeader): Map<string, HeldStock> {
  const atMs = header.fromMs - header.intervalMs;
  const stocks = new Map<string, HeldStock>();
  for (const { point, ...stock } of header.storage ?? []) {
    stocks.set(header.points[point]?.id ?? '', { atMs, stock });
  }
  return stocks;
}

function addFlow(
  storage: Map<string, StorageTotal>,
  of: { header: PeriodHeader; id: string; opening: HeldStock | undefined },
  { closing, ...flow }: StorageFlow,
): void {
  const known = storage.get(of.id);
  if (known === undefined) {
    const openingMwh = of.opening === undefined ? 0 : heldMwh(of.opening.stock);
    const point = of.header.points.findIndex(({ id }) => id === of.id);
    storage.set(of.id, { ...flow, point, openingMwh, closingMwh: heldMwh(closing) });
    return;
  }
  for (const name of Object.keys(flow) as (keyof typeof flow)[]) known[name] += flow[name];
  known.closingMwh = heldMwh(closing);
}

function lineOf(lines: Map<string, LineTotal>, key: Pick<LineTotal, 'point' | 'direction' | 'tariff'>): LineTotal {
  const text = canonicalJson([key.point, key.direction, key.tariff]);
  const known = lines.get(text);
  if (known !== undefined) return known;
  const sums = { energyMwh: 0, allocatedMwh: 0, restMwh: 0, gridMwh: 0, roundingMicroMwh: 0 };
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
