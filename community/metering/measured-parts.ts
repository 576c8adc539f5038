/** The measurements of an interval as the parts that are shared, from the points assigned in it. */
import { QUARTER_HOUR_MS, type Span } from '@commonworks/core';
import { type IntervalPart, SHARED_DIRECTIONS } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import type { PointRecord } from '../register/points.ts';
import { effectiveIntervals } from './effective-interval.ts';
import { isAssigned } from './rules.ts';

export type Measured = {
  readonly point_no: number;
  readonly direction: 0 | 1;
  readonly start_ms: number;
  readonly energy_mwh: number | null;
};

export async function measuredOver(db: Db, span: Span): Promise<Measured[]> {
  return await effectiveIntervals(db, span);
}

/** `expected` counts the registers assigned, measured or not; `numberOf` gives a point's row number by its id. */
export function measuredParts(points: readonly PointRecord[], at: { start: number; rows: readonly Measured[] }) {
  const measured = new Map(at.rows.map((row) => [`${row.point_no}/${row.direction}`, row.energy_mwh]));
  const parts: IntervalPart[] = [];
  const numberOf = new Map<string, number>();
  let expected = 0;
  for (const point of points) {
    if (!isAssigned(point, at.start, at.start + QUARTER_HOUR_MS)) continue;
    numberOf.set(point.id, point.no);
    for (const direction of SHARED_DIRECTIONS[point.role]) {
      expected++;
      const mwh = measured.get(`${point.no}/${direction}`) ?? null;
      if (mwh !== null) parts.push({ id: point.id, direction, mwh });
    }
  }
  return { parts, expected, numberOf };
}
