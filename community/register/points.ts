/** Metering points and the dated assignments that say which device measured them when. */
import type { PointName, Span } from '@commonworks/core';
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

export const DIRECTION_POINTS = { 0: 'importedWh', 1: 'exportedWh' } as const satisfies Record<Direction, PointName>;

export type Assignment = {
  readonly edge: string;
  readonly device: string;
  readonly fromMs: number;
  readonly toMs: number | null;
  /** Where this meter's register wraps; null when that is not known. */
  readonly registerModulusWh: number | null;
};
type NewAssignment = Omit<Assignment, 'registerModulusWh'> & {
  readonly registerModulusWh?: number | null | undefined;
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
    ratedPowerW: point.rated_power_w,
    assignments: assignments
      .filter((row) => row.point_no === point.no)
      .map((row) => ({
        edge: row.edge,
        device: row.device,
        fromMs: row.from_ms,
        toMs: row.to_ms,
        registerModulusWh: row.register_modulus_wh,
      })),
  }));
}

export type NewPoint = {
  readonly community: string;
  readonly id: string;
  readonly name: string;
  readonly role: MeteringRole;
  readonly member: string | null;
  readonly ratedPowerW?: number | null | undefined;
};

export async function addPoint(db: Db, { ratedPowerW, ...point }: NewPoint): Promise<void> {
  await db
    .insertInto('metering_point')
    .values({ ...point, rated_power_w: ratedPowerW ?? null })
    .execute();
}

/** Judges the registers of the point anew within the spans given, and leaves every interval outside them as it is. */
export async function setRatedPower(
  db: Db,
  point: { readonly id: string; readonly ratedPowerW: number | null },
  spans: readonly Span[],
): Promise<void> {
  const { no } = await db
    .updateTable('metering_point')
    .set({ rated_power_w: point.ratedPowerW })
    .where('id', '=', point.id)
    .returning('no')
    .executeTakeFirstOrThrow();
  for (const { fromMs, toMs } of spans) {
    await db.insertInto('derive_request').values({ point_no: no, from_ms: fromMs, to_ms: toMs }).execute();
  }
}

/**
 * From `fromMs` on this device measures the point; an assignment that is still open ends there. Intervals from then on are
 * derived again, for readings are kept before anybody registers where they belong.
 */
export async function assignDevice(db: Db, pointId: string, assignment: NewAssignment): Promise<void> {
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
      register_modulus_wh: assignment.registerModulusWh ?? null,
    })
    .execute();
  await db.insertInto('derive_request').values({ point_no: no, from_ms: assignment.fromMs, to_ms: null }).execute();
}
