/** Whether in every quarter hour what was measured is what was shared: nothing vanished, nothing was made. A day a slice. */
import { formatKwh, localDay, localMonth, localTime, QUARTER_HOUR_MS, type Span } from '@commonworks/core';
import {
  auditKey,
  BEGINNING,
  type Check,
  FAULTS_PER_SLICE_MAX,
  type Fault,
  keyParts,
  lastSlice,
  type Slice,
} from '@commonworks/core/audit/index.ts';
import { type IntervalRule, ruleAt } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { measuredOver, measuredParts } from '../metering/measured-parts.ts';
import { loadRules, sharingRules } from '../metering/rules.ts';
import type { IntervalShareRow, MeteringTables } from '../metering/schema.ts';
import type { PointRecord } from '../register/points.ts';
import type { Looking } from './looking.ts';

const DAY_MS = 86_400_000;
type Total = MeteringTables['interval_total'];

export function createSharesCheck({ inOneMoment }: Looking, zone: string, everyMs: number): Check {
  return {
    name: 'shares',
    invariant: 'shares',
    everyMs,
    look: ({ after }) => inOneMoment((db) => look(db, zone, keyParts(after)[0] ?? -1)),
  };
}

async function look(db: Db, zone: string, afterMs: number): Promise<Slice> {
  const firstMs = await firstAfter(db, afterMs);
  if (firstMs === null) return lastSlice(0, []);
  const day = Math.floor(firstMs / DAY_MS) * DAY_MS;
  const span = { fromMs: Math.max(afterMs + 1, day), toMs: day + DAY_MS };
  const next = { after: auditKey(span.toMs - 1), memo: '' };
  if (await isBeingDerived(db, span)) return { next, isRound: false, checked: 0, faults: [], isSkipped: true };
  const { checked, faults } = await lookAtSpan(db, zone, span);
  const isRound = (await firstAfter(db, span.toMs - 1)) === null;
  return { next: isRound ? BEGINNING : next, isRound, checked, faults };
}

/** The first quarter hour after a time of which anything is known. */
async function firstAfter(db: Db, afterMs: number): Promise<number | null> {
  let first: number | null = null;
  for (const table of ['interval', 'interval_total', 'substitute_value'] as const) {
    const row = await db
      .selectFrom(table)
      .select('start_ms')
      .where('start_ms', '>', afterMs)
      .orderBy('start_ms')
      .limit(1)
      .executeTakeFirst();
    if (row !== undefined) first = Math.min(first ?? row.start_ms, row.start_ms);
  }
  return first;
}

/** What is asked to be derived or shared again is not what it will be. */
async function isBeingDerived(db: Db, span: Span): Promise<boolean> {
  const row = await db
    .selectFrom('derive_request')
    .select('no')
    .where('from_ms', '<', span.toMs + QUARTER_HOUR_MS)
    .where((where) => where.or([where('to_ms', 'is', null), where('to_ms', '>', span.fromMs - QUARTER_HOUR_MS)]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** A number of queries that knows neither homes nor history. */
async function lookAtSpan(db: Db, zone: string, span: Span): Promise<{ checked: number; faults: Fault[] }> {
  const rules = await loadRules(db, span);
  const sharing = sharingRules(rules);
  const measured = Map.groupBy(await measuredOver(db, span), (row) => row.start_ms);
  const shares = Map.groupBy(await sharesOver(db, rules.points, span), (row) => row.start_ms);
  const totals = new Map((await totalsOver(db, span)).map((row) => [row.start_ms, row]));
  const starts = new Set([...measured.keys(), ...shares.keys(), ...totals.keys()]);
  const faults: Fault[] = [];
  let checked = 0;
  for (const start of [...starts].sort((a, b) => a - b)) {
    const rule = ruleAt(sharing, { startMs: start, endMs: start + QUARTER_HOUR_MS });
    if (rule === null) continue;
    checked++;
    const parts = measuredParts(rules.points, { start, rows: measured.get(start) ?? [] });
    const rows = shares.get(start) ?? [];
    const message = intervalFault({ points: rules.points, rule, ...parts }, rows, totals.get(start));
    if (message === null || faults.length >= FAULTS_PER_SLICE_MAX) continue;
    const subject = `${localDay(start, zone)} ${localTime(start, zone)}`;
    faults.push({ at: auditKey(start), subject, message, month: localMonth(start, zone) });
  }
  return { checked, faults };
}

/** By point, as the key of the table has it. */
async function sharesOver(db: Db, points: readonly PointRecord[], span: Span): Promise<IntervalShareRow[]> {
  if (points.length === 0) return [];
  return await db
    .selectFrom('interval_share')
    .selectAll()
    .where(
      'point_no',
      'in',
      points.map(({ no }) => no),
    )
    .where('direction', 'in', [0, 1])
    .where('start_ms', '>=', span.fromMs)
    .where('start_ms', '<', span.toMs)
    .execute();
}

async function totalsOver(db: Db, span: Span): Promise<Total[]> {
  return await db
    .selectFrom('interval_total')
    .selectAll()
    .where('start_ms', '>=', span.fromMs)
    .where('start_ms', '<', span.toMs)
    .execute();
}

type Interval = ReturnType<typeof measuredParts> & {
  readonly points: readonly PointRecord[];
  readonly rule: IntervalRule;
};

/**
 * For every register: measured = allocated + left over. Among all: what takers got = what givers gave. In the total: the
 * same sums, where production is without what a storage gives back of the grid's energy.
 */
function intervalFault(interval: Interval, shares: readonly IntervalShareRow[], total: Total | undefined) {
  const own = registersFault(interval, shares);
  if (own !== null) return own;
  const sums = { taken: 0, given: 0, consumption: 0, production: 0 };
  for (const share of shares) {
    if (share.direction === 0) {
      sums.taken += share.allocated_mwh;
      sums.consumption += share.energy_mwh;
    } else {
      sums.given += share.allocated_mwh;
      sums.production += share.energy_mwh - gridPart(interval, share);
    }
  }
  if (sums.taken !== sums.given) return `members got ${kwh(sums.taken)} and producers gave ${kwh(sums.given)}`;
  if (total === undefined) return shares.length === 0 ? null : 'the sums of the quarter hour are missing';
  if (total.production_mwh !== sums.production)
    return `${kwh(sums.production)} were produced and ${kwh(total.production_mwh)} stand in the sum`;
  if (total.allocated_mwh !== sums.given || total.consumption_mwh !== sums.consumption)
    return `${kwh(sums.given)} of ${kwh(sums.consumption)} were covered; the sums say ${kwh(total.allocated_mwh)} of ${kwh(total.consumption_mwh)}`;
  return null;
}

function registersFault({ parts, numberOf, points }: Interval, shares: readonly IntervalShareRow[]): string | null {
  const open = new Map(shares.map((share) => [`${share.point_no}/${share.direction}`, share]));
  const nameOf = (no: number) => points.find((point) => point.no === no)?.name ?? `point ${no}`;
  for (const { id, direction, mwh } of parts) {
    const no = numberOf.get(id) ?? 0;
    const share = open.get(`${no}/${direction}`);
    open.delete(`${no}/${direction}`);
    if (share === undefined) return `${nameOf(no)}: ${kwh(mwh)} were measured and not shared`;
    if (share.energy_mwh !== mwh) return `${nameOf(no)}: ${kwh(mwh)} were measured and ${kwh(share.energy_mwh)} shared`;
    if (share.allocated_mwh < 0 || share.rest_mwh < 0 || share.allocated_mwh + share.rest_mwh !== mwh)
      return `${nameOf(no)}: ${kwh(share.allocated_mwh)} allocated and ${kwh(share.rest_mwh)} left over are not the ${kwh(mwh)} measured`;
  }
  const [first] = open.values();
  return first === undefined
    ? null
    : `${nameOf(first.point_no)}: ${kwh(first.energy_mwh)} were shared and not measured`;
}

const kwh = (mwh: number): string => `${formatKwh(mwh)} kWh`;

function gridPart({ rule, points }: Interval, share: IntervalShareRow): number {
  const id = points.find((point) => point.no === share.point_no)?.id ?? '';
  return rule.storageOrigin !== null && rule.storage.has(id) ? share.energy_mwh - share.offered_mwh : 0;
}
