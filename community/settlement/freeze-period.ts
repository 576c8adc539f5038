/** Copies what a month was measured as into rows that never change: one for every register and interval, missing ones too. */
import { daysOfMonth, QUARTER_HOUR_MS } from '@commonworks/core';
import { type InputRow, type PeriodHeader, SHARED_DIRECTIONS } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { type EffectiveInterval, effectiveIntervals } from '../metering/effective-interval.ts';
import { isAssigned } from '../metering/rules.ts';
import type { PointRecord } from '../register/points.ts';
import { frozenRules } from './frozen-rules.ts';
import { periodScope } from './period-scope.ts';

export type SettledCommunity = { readonly id: string; readonly zone: string; readonly currency: string };

export type FrozenDay = { readonly day: string; readonly rows: readonly InputRow[] };
export type FrozenPeriod = {
  readonly header: PeriodHeader;
  readonly days: readonly FrozenDay[];
  readonly missing: number;
};

const MISSING_RANK = 5;

/** Null when no tariff or no shared metering point exists in that month. */
export async function freezePeriod(db: Db, community: SettledCommunity, month: string): Promise<FrozenPeriod | null> {
  const scope = await periodScope(db, community.zone, month);
  if (scope === null) return null;
  const { span, firstMs, rules, points } = scope;
  /** Sources get their place when a row first names them, so that unrelated ones do not change the fingerprint. */
  const placeOf = new Map<number, number>();
  const days: FrozenDay[] = [];
  let missing = 0;
  for (const day of daysOfMonth(month, community.zone)) {
    const rows = await dayRows(db, { from: Math.max(day.fromMs, firstMs), to: day.toMs, points, placeOf });
    missing += rows.filter((row) => row[8] === null).length;
    if (rows.length > 0) days.push({ day: day.day, rows });
  }
  const used = await db
    .selectFrom('source')
    .selectAll()
    .where('no', 'in', [...placeOf.keys()])
    .execute();
  const sources = used.sort((a, b) => (placeOf.get(a.no) ?? 0) - (placeOf.get(b.no) ?? 0));
  const header: PeriodHeader = {
    format: 2,
    community: community.id,
    currency: community.currency,
    zone: community.zone,
    month,
    ...span,
    intervalMs: QUARTER_HOUR_MS,
    sources: sources.map(({ edge, epoch }) => ({ edge, epoch })),
    ...(await frozenRules(db, { rules, points }, span)),
  };
  return { header, days, missing };
}

async function dayRows(
  db: Db,
  of: { from: number; to: number; points: readonly PointRecord[]; placeOf: Map<number, number> },
): Promise<InputRow[]> {
  const values = await effectiveIntervals(db, { fromMs: of.from, toMs: of.to });
  const byKey = new Map(values.map((row) => [`${row.point_no}/${row.direction}/${row.start_ms}`, row]));
  const rows: InputRow[] = [];
  for (let start = of.from; start < of.to; start += QUARTER_HOUR_MS) {
    for (const [place, point] of of.points.entries()) {
      if (!isAssigned(point, start, start + QUARTER_HOUR_MS)) continue;
      for (const direction of SHARED_DIRECTIONS[point.role]) {
        rows.push(inputRow([place, direction, start], byKey.get(`${point.no}/${direction}/${start}`), of.placeOf));
      }
    }
  }
  return rows;
}

function inputRow(
  key: readonly [number, 0 | 1, number],
  row: EffectiveInterval | undefined,
  placeOf: Map<number, number>,
): InputRow {
  if (row === undefined)
    return [...key, null, null, null, null, 0, null, 0, MISSING_RANK, null, null, null, null, null];
  const place = (no: number | null) => {
    if (no === null) return null;
    if (!placeOf.has(no)) placeOf.set(no, placeOf.size);
    return placeOf.get(no) ?? null;
  };
  return [
    ...key,
    row.opening_mwh,
    row.closing_mwh,
    row.opening_ms,
    row.closing_ms,
    row.step_mwh,
    row.energy_mwh,
    row.coverage_ppm,
    row.quality,
    place(row.opening_source),
    row.opening_seq,
    place(row.closing_source),
    row.closing_seq,
    row.energy_mwh === null ? null : row.method,
  ];
}
