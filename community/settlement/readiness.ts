/** Whether a month can be settled: it is over, its last readings have come, and how much of it is missing. */
import { monthSpan, QUARTER_HOUR_MS } from '@commonworks/core';
import { SHARED_DIRECTIONS } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { isAssigned } from '../metering/rules.ts';
import { DIRECTION_POINTS, listPoints } from '../register/points.ts';

export type Readiness = {
  /** Names of metering points that have not been heard past the month's end. */
  readonly waitingFor: readonly string[];
  /** Newest reading of any register that is shared; null when there is none. */
  readonly newestMs: number | null;
};

export async function readinessOf(db: Db, month: string, zone: string): Promise<Readiness> {
  const { toMs } = monthSpan(month, zone);
  const series = await db.selectFrom('series').selectAll().execute();
  const heard = new Map(series.map((row) => [`${row.edge}/${row.device}/${row.point}`, row.newest_ms]));
  const waitingFor: string[] = [];
  let newestMs: number | null = null;
  for (const point of await listPoints(db)) {
    if (!isAssigned(point, toMs - QUARTER_HOUR_MS, toMs)) continue;
    const device = point.assignments.findLast(({ fromMs }) => fromMs < toMs);
    for (const direction of SHARED_DIRECTIONS[point.role]) {
      const newest = heard.get(`${device?.edge}/${device?.device}/${DIRECTION_POINTS[direction]}`) ?? 0;
      if (newest < toMs) waitingFor.push(point.name);
      newestMs = Math.max(newestMs ?? 0, newest);
    }
  }
  return { waitingFor: [...new Set(waitingFor)], newestMs };
}
