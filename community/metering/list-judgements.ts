/** Reads back what was judged of a register: for a point, and those of the last days that people should know of. */
import type { Span } from '@commonworks/core';
import type { RegisterJudgement } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';
import { DIRECTION_POINTS } from '../register/points.ts';

/** One point's, newest first. Both registers of an instant come together, so that there may be one more than `limit`. */
export async function listJudgements(
  db: Db,
  pointNo: number,
  of: { span: Span; limit: number },
): Promise<RegisterJudgement[]> {
  const rows = await db
    .selectFrom('counter_judgement')
    .selectAll()
    .where('point_no', '=', pointNo)
    .where('time_ms', '>=', of.span.fromMs)
    .where('time_ms', '<', of.span.toMs)
    .orderBy('time_ms', 'desc')
    .orderBy('direction')
    .limit(of.limit + 1)
    .execute();
  const isTwin = rows[of.limit]?.time_ms === rows[of.limit - 1]?.time_ms;
  return rows.slice(0, of.limit + (isTwin ? 1 : 0)).map((row) => ({
    timeMs: row.time_ms,
    register: DIRECTION_POINTS[row.direction],
    kind: row.kind,
    beforeMwh: row.before_mwh,
    afterMwh: row.after_mwh,
    creditedMwh: row.credited_mwh,
  }));
}
