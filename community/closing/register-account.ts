/** The account of a register over a month: the values that people typed for it, and what it counted that stands nowhere. */
import type { Span } from '@commonworks/core';
import type { RegisterAccount, SubstitutedSpan, UnplacedSpan } from '@commonworks/core/api/index.ts';
import { QUARTER_HOUR_MS } from '@commonworks/core/time.ts';
import type { Db } from '../database.ts';
import { type EffectiveInterval, effectiveIntervals } from '../metering/effective-interval.ts';
import { DIRECTION_POINTS, type PointRecord } from '../register/points.ts';
import { memberRef, pointRef } from './names.ts';

export type AccountRegister = { readonly point: PointRecord; readonly direction: 0 | 1 };

/** People and places by reference: names.ts makes names of them. */
export async function registerAccount(db: Db, register: AccountRegister, span: Span): Promise<RegisterAccount> {
  const { point, direction } = register;
  const typed = await db
    .selectFrom('substitute_value')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('point_no', '=', point.no)
    .where('direction', '=', direction)
    .where('start_ms', '>=', span.fromMs)
    .where('start_ms', '<', span.toMs)
    .where('withdrawn_ms', 'is', null)
    .executeTakeFirst();
  const rows = (typed?.count ?? 0) === 0 ? [] : await effectiveIntervals(db, span, point.no);
  return accountFrom(db, register, { span, rows });
}

/** @param of.rows the intervals that count, of the point, as `effectiveIntervals` gives them. */
export async function accountFrom(
  db: Db,
  { point, direction }: AccountRegister,
  of: { span: Span; rows: readonly EffectiveInterval[] },
): Promise<RegisterAccount> {
  const substituted = of.rows.filter((row) => row.direction === direction && row.substitute !== null);
  return {
    point: point.id,
    pointName: pointRef(point.id),
    register: DIRECTION_POINTS[direction],
    substitutes: [...Map.groupBy(substituted, (row) => row.substitute?.id).values()]
      .map(substitutedSpan)
      .sort((a, b) => a.fromMs - b.fromMs),
    unplaced: await unplacedSpans(db, { point, direction }, { span: of.span, substituted }),
  };
}

function substitutedSpan(rows: readonly EffectiveInterval[]): SubstitutedSpan {
  const starts = rows.map((row) => row.start_ms);
  const act = rows[0]?.substitute;
  return {
    id: act?.id ?? '',
    fromMs: Math.min(...starts),
    toMs: Math.max(...starts) + QUARTER_HOUR_MS,
    intervals: rows.length,
    energyMwh: energyOf(rows),
    reason: act?.reason ?? '',
    author: memberRef(act?.author ?? ''),
    createdMs: act?.created_ms ?? 0,
  };
}

/** A gap belongs to the month in which it begins, so that no energy stands on two months. */
async function unplacedSpans(
  db: Db,
  { point, direction }: AccountRegister,
  of: { span: Span; substituted: readonly EffectiveInterval[] },
): Promise<UnplacedSpan[]> {
  const rows = await db
    .selectFrom('unplaced_energy')
    .selectAll()
    .where('point_no', '=', point.no)
    .where('direction', '=', direction)
    .where('from_ms', '>=', of.span.fromMs)
    .where('from_ms', '<', of.span.toMs)
    .orderBy('from_ms')
    .execute();
  return rows.map(({ from_ms, to_ms, energy_mwh, reason }) => {
    // Any interval that the gap touches may hold a part of its energy.
    const within = of.substituted.filter((row) => row.start_ms < to_ms && row.start_ms + QUARTER_HOUR_MS > from_ms);
    const substitutedMwh = energyOf(within);
    const remainingMwh = energy_mwh - substitutedMwh;
    return { fromMs: from_ms, toMs: to_ms, energyMwh: energy_mwh, substitutedMwh, remainingMwh, reason };
  });
}

function energyOf(rows: readonly EffectiveInterval[]): number {
  return rows.reduce((sum, row) => sum + (row.energy_mwh ?? 0), 0);
}
