/** A member's share of a day and its month, from the provisional shares. */
import {
  daySpan,
  daysOfMonth,
  monthSpan,
  QUARTER_HOUR_MS,
  qualityOfRank,
  type Span,
  worstQuality,
} from '@commonworks/core';
import type { MemberShare, ShareInterval } from '@commonworks/core/api/index.ts';
import { SUBSTITUTE_METHOD } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { type EffectiveInterval, effectiveIntervals } from '../metering/effective-interval.ts';
import type { IntervalShareRow } from '../metering/schema.ts';
import { holdingsAt, sharesIssued } from '../register/holdings.ts';
import { listPoints } from '../register/points.ts';
import { listTariffs, tariffAt } from '../register/tariffs.ts';
import {
  draftSums,
  intervalsExpected,
  type OwnRegister,
  ownRegisters,
  productionOver,
  shareTotals,
} from './share-totals.ts';

/** The live part is added by whoever knows the live values. */
export type SettledShare = Omit<MemberShare, 'now'>;

/** Packs need a moment: an interval counts as expected this long after its end. */
const ARRIVAL_MS = 300_000;

export type ShareQuery = {
  readonly member: string;
  readonly day: string;
  readonly zone: string;
  readonly nowMs: number;
};

/** Null when there is no such member. */
export async function memberShare(db: Db, query: ShareQuery): Promise<SettledShare | null> {
  const { day, zone, nowMs } = query;
  const member = await db.selectFrom('member').select(['id', 'name']).where('id', '=', query.member).executeTakeFirst();
  if (member === undefined) return null;
  const [points, tariffs, holdings] = [await listPoints(db), await listTariffs(db), await holdingsAt(db, nowMs)];
  const registers = ownRegisters(points, member.id);
  const closedMs = Math.floor((nowMs - ARRIVAL_MS) / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
  const past = (span: Span) => ({ fromMs: span.fromMs, toMs: Math.max(span.fromMs, Math.min(span.toMs, closedMs)) });
  const totalsOver = async (span: Span) => {
    const sums = await draftSums(db, { registers, tariffs }, span);
    const intervals = intervalsExpected(registers, tariffs[0]?.fromMs ?? span.toMs, past(span));
    return shareTotals(sums, { productionMwh: await productionOver(db, span), intervals });
  };
  const month = day.slice(0, 7);
  const consuming = registers.filter(({ direction }) => direction === 0);
  const span = daySpan(day, zone);
  return {
    member: member.id,
    name: member.name,
    shares: holdings.get(member.id) ?? 0,
    sharesTotal: sharesIssued(holdings),
    method: (tariffAt(tariffs, Math.min(nowMs, span.toMs - 1)) ?? tariffs[0])?.method ?? 'pro-rata',
    day: { day, totals: await totalsOver(span), intervals: await shareIntervals(db, consuming, past(span)) },
    month: {
      month,
      totals: await totalsOver(monthSpan(month, zone)),
      days: await monthDays(db, consuming, { month, zone }),
    },
  };
}

async function monthDays(
  db: Db,
  registers: readonly OwnRegister[],
  of: { month: string; zone: string },
): Promise<MemberShare['month']['days']> {
  const days = daysOfMonth(of.month, of.zone);
  const rows = await db
    .selectFrom('interval_share')
    .select(['start_ms', 'energy_mwh', 'allocated_mwh'])
    .where(
      'point_no',
      'in',
      registers.map(({ point }) => point.no),
    )
    .where('direction', '=', 0)
    .where('start_ms', '>=', days[0]?.fromMs ?? 0)
    .where('start_ms', '<', days.at(-1)?.toMs ?? 0)
    .execute();
  const sums = days.map(({ day }) => ({ day, consumedMwh: 0, allocatedMwh: 0 }));
  for (const row of rows) {
    const sum = sums[days.findIndex((day) => row.start_ms < day.toMs)];
    if (sum === undefined) continue;
    sum.consumedMwh += row.energy_mwh;
    sum.allocatedMwh += row.allocated_mwh;
  }
  return sums;
}

/** One row for every quarter hour of the span; what was not measured is null. Several points are added up. */
async function shareIntervals(db: Db, registers: readonly OwnRegister[], span: Span): Promise<ShareInterval[]> {
  const within = { fromMs: span.fromMs, toMs: span.toMs };
  const production = new Map(
    (
      await db
        .selectFrom('interval_total')
        .select(['start_ms', 'production_mwh'])
        .where('start_ms', '>=', within.fromMs)
        .where('start_ms', '<', within.toMs)
        .execute()
    ).map((row) => [row.start_ms, row.production_mwh]),
  );
  const perPoint: Map<number, ShareInterval>[] = [];
  for (const { point } of registers) perPoint.push(await pointIntervals(db, point.no, { span: within, production }));
  const intervals: ShareInterval[] = [];
  for (let start = span.fromMs; start < span.toMs; start += QUARTER_HOUR_MS) {
    const parts = perPoint.map((point) => point.get(start) ?? emptyInterval(start, production.get(start) ?? null));
    const [first] = parts;
    if (first !== undefined) intervals.push(parts.slice(1).reduce(addIntervals, first));
  }
  return intervals;
}

async function pointIntervals(
  db: Db,
  pointNo: number,
  of: { span: Span; production: ReadonlyMap<number, number> },
): Promise<Map<number, ShareInterval>> {
  const { span } = of;
  const rows = (await effectiveIntervals(db, span, pointNo)).filter((row) => row.direction === 0);
  const shares = await db
    .selectFrom('interval_share')
    .selectAll()
    .where('point_no', '=', pointNo)
    .where('direction', '=', 0)
    .where('start_ms', '>=', span.fromMs)
    .where('start_ms', '<', span.toMs)
    .execute();
  const shareOf = new Map(shares.map((row) => [row.start_ms, row]));
  return new Map(
    rows.map((row) => {
      const share = shareOf.get(row.start_ms);
      return [row.start_ms, shareInterval(row, { share, productionMwh: of.production.get(row.start_ms) ?? null })];
    }),
  );
}

function shareInterval(
  row: EffectiveInterval,
  of: { share: IntervalShareRow | undefined; productionMwh: number | null },
): ShareInterval {
  const { share, productionMwh } = of;
  return {
    startMs: row.start_ms,
    consumedMwh: row.energy_mwh,
    offeredMwh: share?.offered_mwh ?? null,
    allocatedMwh: share?.allocated_mwh ?? null,
    residualMwh: share?.rest_mwh ?? null,
    productionMwh,
    openingMwh: row.opening_mwh,
    closingMwh: row.closing_mwh,
    quality: qualityOfRank(row.quality),
    coveragePct: row.coverage_ppm / 10_000,
    roundingMicroMwh: share?.rounding_micro ?? 0,
    method: row.energy_mwh === null ? null : row.method,
    reason: row.substitute?.reason ?? null,
  };
}

export function emptyInterval(startMs: number, productionMwh: number | null): ShareInterval {
  const unknown = { consumedMwh: null, offeredMwh: null, allocatedMwh: null, residualMwh: null };
  const registers = { openingMwh: null, closingMwh: null };
  const origin = { roundingMicroMwh: 0, method: null, reason: null };
  return { startMs, ...unknown, productionMwh, ...registers, quality: 'missing', coveragePct: 0, ...origin };
}

/** Registers of two meters have no sum; energies do, unless one is missing. */
export function addIntervals(a: ShareInterval, b: ShareInterval): ShareInterval {
  const add = (x: number | null, y: number | null) => (x === null || y === null ? null : x + y);
  return {
    startMs: a.startMs,
    consumedMwh: add(a.consumedMwh, b.consumedMwh),
    offeredMwh: add(a.offeredMwh, b.offeredMwh),
    allocatedMwh: add(a.allocatedMwh, b.allocatedMwh),
    residualMwh: add(a.residualMwh, b.residualMwh),
    productionMwh: a.productionMwh,
    openingMwh: null,
    closingMwh: null,
    quality: worstQuality([a.quality, b.quality]),
    coveragePct: Math.min(a.coveragePct, b.coveragePct),
    roundingMicroMwh: a.roundingMicroMwh + b.roundingMicroMwh,
    // What a person typed for one of them is said of the sum.
    method: [a.method, b.method].find((method) => method === SUBSTITUTE_METHOD) ?? a.method ?? b.method,
    reason:
      a.reason === null || a.reason === b.reason ? b.reason : b.reason === null ? a.reason : `${a.reason}; ${b.reason}`,
  };
}
