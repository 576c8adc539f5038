/** What a settled period posts: one entry per metering point, register and tariff; a later version posts differences. */
import { entryId, type LedgerEntry, type Posting, type Sha256 } from '../ledger/entry.ts';
import { amountMinor, MWH_PER_KWH } from '../money.ts';
import type { PeriodHeader } from './period.ts';
import type { LineTotal } from './tally-period.ts';

/** Where energy waits between those who gave and those who took it: zero after every run. */
export const POOL_ACCOUNT = 'community/pool';
export const SURPLUS_ACCOUNT = 'community/surplus';
/** What storage gave of energy it had taken from the grid: used in the community, and none of its production. */
export const STORED_GRID_ACCOUNT = 'community/stored-grid';
export const ENERGY_INCOME_ACCOUNT = 'community/energy-income';
export const ENERGY_PURCHASES_ACCOUNT = 'community/energy-purchases';

/** `period` is the month whose statements show the entries: of a later version, the first month still open. */
export type PeriodRun = {
  readonly id: string;
  readonly version: number;
  readonly period: string;
  readonly createdMs: number;
};

export type SettledPeriod = {
  readonly header: PeriodHeader;
  readonly totals: readonly LineTotal[];
  /** The version before this one; entries then carry the differences. */
  readonly before: { readonly header: PeriodHeader; readonly totals: readonly LineTotal[] } | null;
};

type Line = {
  readonly pointId: string;
  readonly owner: string;
  readonly tariffId: string;
  readonly price: string;
  readonly total: LineTotal;
  /** Whether the origin of what the point stores is followed: its entries then say what came from the grid. */
  readonly isOriginFollowed: boolean;
};

/** A first version posts every line, also one of nothing: a statement reads what was used from it. A later one, changes. */
export function periodEntries(run: PeriodRun, settled: SettledPeriod, sha256: Sha256): LedgerEntry[] {
  const after = linesOf(settled.header, settled.totals);
  const before =
    settled.before === null ? new Map<string, Line>() : linesOf(settled.before.header, settled.before.totals);
  const entries: LedgerEntry[] = [];
  for (const key of new Set([...after.keys(), ...before.keys()])) {
    const entry = lineEntry(run, { header: settled.header, after: after.get(key), before: before.get(key) }, sha256);
    if (entry !== null) entries.push(entry);
  }
  return entries;
}

/** What a member pays for a line, in minor units; negative is a credit. */
export function lineAmountMinor(direction: 0 | 1, allocatedMwh: number, price: string): number {
  const amount = amountMinor(allocatedMwh, MWH_PER_KWH, price);
  return direction === 0 || amount === 0 ? amount : -amount;
}

function linesOf(header: PeriodHeader, totals: readonly LineTotal[]): Map<string, Line> {
  const lines = new Map<string, Line>();
  for (const total of totals) {
    const point = header.points[total.point];
    const tariff = header.tariffs[total.tariff];
    if (point === undefined || tariff === undefined) continue;
    lines.set(`${point.id}/${total.direction}/${tariff.id}/${point.owner}`, {
      pointId: point.id,
      owner: point.owner,
      tariffId: tariff.id,
      price: tariff.internalPrice,
      total,
      isOriginFollowed: point.role === 'storage' && tariff.storageOrigin !== undefined,
    });
  }
  return lines;
}

function lineEntry(
  run: PeriodRun,
  lines: { header: PeriodHeader; after: Line | undefined; before: Line | undefined },
  sha256: Sha256,
): LedgerEntry | null {
  const { header, after, before } = lines;
  const line = after ?? before;
  if (line === undefined) return null;
  const { direction } = line.total;
  const now = sumsOf(after);
  const was = sumsOf(before);
  const all = linePostings(line, header.currency, {
    allocatedMwh: now.allocatedMwh - was.allocatedMwh,
    restMwh: now.restMwh - was.restMwh,
    gridMwh: now.gridMwh - was.gridMwh,
    amountMinor: now.amountMinor - was.amountMinor,
  });
  const isFirst = run.version === 1;
  const changes = all.filter((posting) => posting.amount !== 0);
  const postings = isFirst && changes.length === 0 ? all : changes;
  if (postings.length === 0) return null;
  return {
    community: header.community,
    id: entryId(
      ['settlement', header.community, header.month, run.version, line.pointId, direction, line.tariffId, line.owner],
      sha256,
    ),
    kind: isFirst ? 'energy' : 'adjustment',
    period: run.period,
    timeMs: run.createdMs,
    reason: isFirst ? `settlement of ${header.month}` : `correction of ${header.month}, version ${run.version}`,
    references: {
      run: run.id,
      month: header.month,
      version: run.version,
      point: line.pointId,
      direction,
      tariff: line.tariffId,
      unitPrice: line.price,
      quantityMwh: now.allocatedMwh,
      previousMwh: was.allocatedMwh,
      restMwh: now.restMwh,
      ...(line.isOriginFollowed && direction === 1 && { gridMwh: now.gridMwh }),
      roundingMicroMwh: now.roundingMicroMwh,
      intervals: after?.total.intervals ?? 0,
      intervalsComplete: after?.total.intervalsComplete ?? 0,
      quality: after?.total.quality ?? 0,
    },
    postings,
  };
}

function sumsOf(line: Line | undefined) {
  if (line === undefined) return { allocatedMwh: 0, restMwh: 0, gridMwh: 0, amountMinor: 0, roundingMicroMwh: 0 };
  const { allocatedMwh, restMwh, gridMwh, roundingMicroMwh, direction } = line.total;
  const amountMinor = lineAmountMinor(direction, allocatedMwh, line.price);
  return { allocatedMwh, restMwh, gridMwh, roundingMicroMwh, amountMinor };
}

function linePostings(
  line: Line,
  currency: string,
  change: { allocatedMwh: number; restMwh: number; gridMwh: number; amountMinor: number },
): Posting[] {
  const isMember = line.owner !== 'community';
  const owner = isMember ? `member/${line.owner}` : 'community';
  const isConsumer = line.total.direction === 0;
  const energy: Posting[] = isConsumer
    ? [
        { account: owner, unit: 'mWh', amount: change.allocatedMwh },
        { account: POOL_ACCOUNT, unit: 'mWh', amount: -change.allocatedMwh },
      ]
    : [
        { account: `point/${line.pointId}`, unit: 'mWh', amount: -(change.allocatedMwh + change.restMwh) },
        { account: POOL_ACCOUNT, unit: 'mWh', amount: change.allocatedMwh },
        { account: SURPLUS_ACCOUNT, unit: 'mWh', amount: change.restMwh - change.gridMwh },
        ...(line.isOriginFollowed ? [{ account: STORED_GRID_ACCOUNT, unit: 'mWh', amount: change.gridMwh }] : []),
      ];
  const other = isConsumer ? ENERGY_INCOME_ACCOUNT : ENERGY_PURCHASES_ACCOUNT;
  const money: Posting[] = isMember
    ? [
        { account: owner, unit: currency, amount: change.amountMinor },
        { account: other, unit: currency, amount: -change.amountMinor },
      ]
    : [];
  // Without negative zeros, of which there are many in a line of nothing.
  return [...energy, ...money].map((posting) => ({ ...posting, amount: posting.amount + 0 }));
}
