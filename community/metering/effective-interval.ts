/** The value that counts for each interval: what was measured, else the newest substitute that was not withdrawn. */
import { qualityRank, type Span } from '@commonworks/core';
import { SUBSTITUTE_METHOD } from '@commonworks/core/settlement/index.ts';
import type { SubstituteRow } from '../closing/schema.ts';
import type { Db } from '../database.ts';
import type { IntervalRow } from './schema.ts';

export type EffectiveInterval = Omit<IntervalRow, 'version' | 'method'> & {
  readonly method: string | null;
  /** Who typed the value and why; null where it was measured or derived. */
  readonly substitute: Pick<SubstituteRow, 'id' | 'reason' | 'author' | 'created_ms'> | null;
};

const MISSING = {
  ...{ opening_mwh: null, closing_mwh: null, opening_ms: null, closing_ms: null, step_mwh: 0, energy_mwh: null },
  ...{ coverage_ppm: 0, quality: qualityRank('missing'), method: null, substitute: null },
  ...{ opening_source: null, opening_seq: null, closing_source: null, closing_seq: null },
} as const;

/**
 * Intervals that begin in the span, of all points or of one; where neither a measurement nor a substitute is known there is
 * no row, or one whose energy is null. Rows come in no order. An energy that was measured or derived is never replaced.
 */
export async function effectiveIntervals(db: Db, span: Span, pointNo?: number): Promise<EffectiveInterval[]> {
  let intervals = db
    .selectFrom('interval')
    .selectAll()
    .where('start_ms', '>=', span.fromMs)
    .where('start_ms', '<', span.toMs);
  // Both directions named: the primary key then finds the span.
  if (pointNo !== undefined) {
    intervals = intervals.where('point_no', '=', pointNo).where('direction', 'in', [0, 1]);
  }
  const rows = await intervals.execute();
  const substitutes = await substitutesIn(db, span, pointNo);
  const keyOf = (row: { point_no: number; direction: number; start_ms: number }) =>
    `${row.point_no}/${row.direction}/${row.start_ms}`;
  const effective: EffectiveInterval[] = [];
  const typed = new Map(substitutes.map((row) => [keyOf(row), row]));
  for (const { version: _version, ...row } of rows) {
    const own = { ...row, method: row.method ?? null, substitute: null };
    const value = typed.size === 0 ? undefined : typed.get(keyOf(row));
    if (value !== undefined) typed.delete(keyOf(row));
    effective.push(row.energy_mwh === null && value !== undefined ? substituted(value) : own);
  }
  return [...effective, ...[...typed.values()].map(substituted)];
}

/** The newest of each interval comes last; of those withdrawn one remains when there is no other. */
async function substitutesIn(db: Db, span: Span, pointNo: number | undefined): Promise<SubstituteRow[]> {
  let substitutes = db
    .selectFrom('substitute_value')
    .selectAll()
    .where('start_ms', '>=', span.fromMs)
    .where('start_ms', '<', span.toMs);
  if (pointNo !== undefined) substitutes = substitutes.where('point_no', '=', pointNo);
  const rows = await substitutes.execute();
  const standing = (row: SubstituteRow) => Number(row.withdrawn_ms === null);
  return rows.sort((a, b) => standing(a) - standing(b) || a.no - b.no);
}

/** What was withdrawn leaves the interval missing, and says so: a share that rested on it must go. */
function substituted(row: SubstituteRow): EffectiveInterval {
  const { id, point_no, direction, start_ms, energy_mwh, reason, author, created_ms } = row;
  const missing = { ...MISSING, point_no, direction, start_ms };
  if (row.withdrawn_ms !== null) return missing;
  return {
    ...missing,
    energy_mwh,
    quality: qualityRank('estimated'),
    method: SUBSTITUTE_METHOD,
    substitute: { id, reason, author, created_ms },
  };
}
