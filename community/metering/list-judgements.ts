/** Reads back what was judged of a register: for a point, and those of the last days that people should know of. */
import type { Span } from '@commonworks/core';
import type { RegisterJudgement } from '@commonworks/core/api/index.ts';
import { sql } from 'kysely';
import type { Db } from '../database.ts';
import { DIRECTION_POINTS } from '../register/points.ts';
import type { MeteringTables } from './schema.ts';

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
  return rows.slice(0, of.limit + (isTwin ? 1 : 0)).map(judgementOf);
}

/** A register that restarted, jumped to what cannot have flowed, or stands still while power flows. */
export type RegisterBreak = { readonly pointName: string; readonly judgement: RegisterJudgement };

/** A change of meter that was registered is expected: its first reading comes within this. */
const EXCHANGE_MS = 86_400_000;

/** Every register's newest since then. */
export async function registerBreaks(db: Db, sinceMs: number): Promise<RegisterBreak[]> {
  const rows = await db
    .selectFrom('counter_judgement as judgement')
    .innerJoin('metering_point as point', 'point.no', 'judgement.point_no')
    .selectAll('judgement')
    .select('point.name')
    // Written out, not bound: only then the partial index serves.
    .where(sql<boolean>`judgement.kind IN ('reset', 'swap', 'frozen')`)
    .where('judgement.time_ms', '>=', sinceMs)
    // Somebody read both meters at this exchange: nothing is unexplained.
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('meter_swap as swap')
            .select('swap.time_ms')
            .whereRef('swap.point_no', '=', 'judgement.point_no')
            .whereRef('swap.direction', '=', 'judgement.direction')
            .whereRef('swap.time_ms', '=', 'judgement.time_ms'),
        ),
      ),
    )
    .orderBy('judgement.time_ms')
    .execute();
  const begun = await db
    .selectFrom('assignment')
    .select(['point_no', 'from_ms'])
    .where('from_ms', '>', sinceMs - EXCHANGE_MS)
    .execute();
  const isExchange = (row: MeteringTables['counter_judgement']) =>
    row.kind === 'swap' &&
    begun.some(({ point_no, from_ms }) => {
      const passedMs = row.time_ms - from_ms;
      return point_no === row.point_no && passedMs >= 0 && passedMs < EXCHANGE_MS;
    });
  const unexpected = rows.filter((row) => !isExchange(row));
  const newest = new Map(unexpected.map((row) => [`${row.point_no}/${row.direction}`, row]));
  return [...newest.values()].map((row) => ({ pointName: row.name, judgement: judgementOf(row) }));
}

function judgementOf(row: MeteringTables['counter_judgement']): RegisterJudgement {
  return {
    timeMs: row.time_ms,
    register: DIRECTION_POINTS[row.direction],
    kind: row.kind,
    beforeMwh: row.before_mwh,
    afterMwh: row.after_mwh,
    creditedMwh: row.credited_mwh,
  };
}
