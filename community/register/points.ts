/** Metering points and the dated assignments that say which device measured them when. */
import type { PointName } from '@commonworks/core';
import type { MeteringPoint, MeteringRole } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';

/** 0: energy out of the bus (consumption, charging; at the grid import). 1: into it. */
export type Direction = 0 | 1;

/** Which registers of a device count for a point of this role. */
export const ROLE_DIRECTIONS: Readonly<Record<MeteringRole, readonly Direction[]>> = {
  consumer: [0],
  workshop: [0],
  producer: [1],
  storage: [0, 1],
  grid: [0, 1],
};

export const DIRECTION_POINTS: Readonly<Record<Direction, PointName>> = { 0: 'importedWh', 1: 'exportedWh' };

export type Assignment = {
  readonly edge: string;
  readonly device: string;
  readonly fromMs: number;
  readonly toMs: number | null;
};
/** `no` is the row's small number, used by the interval tables. */
export type PointRecord = Omit<MeteringPoint, 'assignments'> & {
  readonly no: number;
  readonly assignments: readonly Assignment[];
};

export async function listPoints(db: Db): Promise<PointRecord[]> {
  const points = await db.selectFrom('metering_point').selectAll().orderBy('no').execute();
  const assignments = await db.selectFrom('assignment').selectAll().orderBy('from_ms').execute();
  return points.map((point) => ({
    no: point.no,
    id: point.id,
    name: point.name,
    role: point.role,
    member: point.member,
    assignments: assignments
      .filter((row) => row.point_no === point.no)
      .map((row) => ({ edge: row.edge, device: row.device, fromMs: row.from_ms, toMs: row.to_ms })),
  }));
}

export type NewPoint = {
  readonly community: string;
  readonly id: string;
  readonly name: string;
  readonly role: MeteringRole;
  readonly member: string | null;
};

export async function addPoint(db: Db, point: NewPoint): Promise<void> {
  await db.insertInto('metering_point').values(point).execute();
}

/**
 * From `fromMs` on this device measures the point; an assignment that is still open ends there. Intervals from then on are
 * derived again, for readings are kept before anybody registers where they belong.
 */
export async function assignDevice(db: Db, pointId: string, assignment: Assignment): Promise<void> {
  const { no } = await db.selectFrom('metering_point').select('no').where('id', '=', pointId).executeTakeFirstOrThrow();
  await db
    .updateTable('assignment')
    .set({ to_ms: assignment.fromMs })
    .where('point_no', '=', no)
    .where('to_ms', 'is', null)
    .where('from_ms', '<', assignment.fromMs)
    .execute();
  await db
    .insertInto('assignment')
    .values({
      point_no: no,
      edge: assignment.edge,
      device: assignment.device,
      from_ms: assignment.fromMs,
      to_ms: assignment.toMs,
    })
    .execute();
  await db.insertInto('derive_request').values({ point_no: no, from_ms: assignment.fromMs }).execute();
}
