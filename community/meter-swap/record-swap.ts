/** The exchange of a meter as a person tells it: checked against what both meters showed, then kept for good. */
import { accept, formatKwh, localDay, localTime, type Result, refuse, type Span } from '@commonworks/core';
import type { MeterSwap, SwapRequest } from '@commonworks/core/api/index.ts';
import { memberRef } from '../closing/names.ts';
import type { Db } from '../database.ts';
import { newId } from '../new-id.ts';
import {
  type Assignment,
  assignDevice,
  DIRECTION_POINTS,
  type Direction,
  type PointRecord,
  ROLE_DIRECTIONS,
} from '../register/points.ts';

/** Stands for an edge among the sources of readings: a person read these, and told them to this server. */
const FORM_SOURCE = 'form';
/** Of one metering point. */
const LISTED_MAX = 100;

export type SwapOrder = {
  readonly point: PointRecord;
  readonly request: SwapRequest;
  /** Member id. */
  readonly author: string;
  readonly nowMs: number;
  readonly zone: string;
};

type Reading = { readonly time_ms: number; readonly mwh: number };
type Device = { readonly edge: string; readonly device: string };

/** Within a transaction. The point's intervals are derived again from the exchange on. */
export async function recordSwap(tx: Db, order: SwapOrder): Promise<Result<null>> {
  const { point, request, nowMs } = order;
  const { timeMs, edge, device } = request;
  if (timeMs > nowMs)
    return refuse('community.swap-refused', 'the exchange lies in the future: tell it when it was made');
  const old = point.assignments.findLast(({ fromMs }) => fromMs < timeMs);
  if (old === undefined || old.toMs !== null) {
    return refuse('community.swap-refused', `no meter measures ${point.name} at that time, or another took over since`);
  }
  const fault = registersFault(order) ?? (await readingsFault(tx, order, old));
  if (fault !== null) return refuse('community.swap-refused', fault);
  const source = { edge: FORM_SOURCE, epoch: newId(nowMs) };
  const { no } = await tx.insertInto('source').values(source).returning('no').executeTakeFirstOrThrow();
  for (const { register, finalMwh, firstMwh } of request.registers) {
    await tx
      .insertInto('meter_swap')
      .values({
        ...{ point_no: point.no, direction: directionOf(register), time_ms: timeMs, source_no: no, created_ms: nowMs },
        ...{ final_mwh: finalMwh, first_mwh: firstMwh, author: order.author, reason: request.reason.trim() },
        ...{ old_serial: request.oldSerial.trim(), new_serial: request.newSerial.trim() },
      })
      .execute();
  }
  if (old.edge === edge && old.device === device) {
    await tx.insertInto('derive_request').values({ point_no: point.no, from_ms: timeMs, to_ms: null }).execute();
  } else await assignDevice(tx, point.id, { edge, device, fromMs: timeMs, toMs: null });
  return accept(null);
}

/** A store or a grid connection has two registers, and both were exchanged. */
function registersFault({ point, request }: SwapOrder): string | null {
  const wanted = ROLE_DIRECTIONS[point.role].map((direction) => DIRECTION_POINTS[direction]);
  const told = request.registers.map(({ register }) => register);
  const isSame = wanted.length === told.length && wanted.every((name) => told.includes(name));
  return isSame ? null : `${point.name} has the registers ${wanted.join(' and ')}: tell each of them once`;
}

async function readingsFault(tx: Db, order: SwapOrder, old: Assignment): Promise<string | null> {
  const { request, point } = order;
  for (const { register, finalMwh, firstMwh } of request.registers) {
    const direction = directionOf(register);
    const twin = await tx
      .selectFrom('meter_swap')
      .select('time_ms')
      .where('point_no', '=', point.no)
      .where('direction', '=', direction)
      .where('time_ms', '>=', request.timeMs)
      .executeTakeFirst();
    if (twin !== undefined) return `an exchange at ${stamp(twin.time_ms, order.zone)} is on record already`;
    const before = await readingIn(tx, { ...old, direction }, { fromMs: old.fromMs, toMs: request.timeMs }, 'last');
    // A register that wraps may have begun again since its last reading.
    if (before !== undefined && finalMwh < before.mwh && old.registerModulusWh === null) {
      return `the old meter showed ${kwh(before.mwh)} already at ${stamp(before.time_ms, order.zone)}: its final register cannot be ${kwh(finalMwh)}`;
    }
    const after = await readingIn(
      tx,
      { ...request, direction },
      { fromMs: request.timeMs, toMs: order.nowMs + 1 },
      'first',
    );
    const fault = after === undefined ? null : firstFault(order, after, { finalMwh, firstMwh });
    if (fault !== null) return fault;
  }
  return null;
}

/** The first reading after the exchange must be the new meter's, and not below where it began. */
function firstFault(order: SwapOrder, after: Reading, read: { finalMwh: number; firstMwh: number }): string | null {
  const { finalMwh, firstMwh } = read;
  const shown = `${kwh(after.mwh)} at ${stamp(after.time_ms, order.zone)}`;
  if (after.mwh < firstMwh) return `the new meter showed ${shown}: its first register cannot be ${kwh(firstMwh)}`;
  const isOldOne = after.mwh >= finalMwh && after.mwh - finalMwh < after.mwh - firstMwh;
  return isOldOne
    ? `${shown} is still the old meter's register: the exchange came later than ${stamp(order.request.timeMs, order.zone)}`
    : null;
}

async function readingIn(
  tx: Db,
  of: Device & { direction: Direction },
  { fromMs, toMs }: Span,
  which: 'first' | 'last',
): Promise<Reading | undefined> {
  return await tx
    .selectFrom('series')
    .innerJoin('register_sample as sample', 'sample.series_no', 'series.no')
    .select(['sample.time_ms', 'sample.mwh'])
    .where('series.edge', '=', of.edge)
    .where('series.device', '=', of.device)
    .where('series.point', '=', DIRECTION_POINTS[of.direction])
    .where('sample.time_ms', '>=', fromMs)
    .where('sample.time_ms', '<', toMs)
    .orderBy('sample.time_ms', which === 'first' ? 'asc' : 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Newest first, authors by reference. */
export async function listSwaps(db: Db, pointNo: number): Promise<MeterSwap[]> {
  const rows = await db
    .selectFrom('meter_swap')
    .selectAll()
    .where('point_no', '=', pointNo)
    .orderBy('time_ms', 'desc')
    .orderBy('direction')
    .limit(LISTED_MAX)
    .execute();
  return rows.map((row) => ({
    ...{
      timeMs: row.time_ms,
      register: DIRECTION_POINTS[row.direction],
      finalMwh: row.final_mwh,
      firstMwh: row.first_mwh,
    },
    ...{ oldSerial: row.old_serial, newSerial: row.new_serial, reason: row.reason },
    ...{ author: memberRef(row.author), createdMs: row.created_ms },
  }));
}

function directionOf(register: 'importedWh' | 'exportedWh'): Direction {
  return register === 'importedWh' ? 0 : 1;
}

function kwh(mwh: number): string {
  return `${formatKwh(mwh)} kWh`;
}

function stamp(ms: number, zone: string): string {
  return `${localDay(ms, zone)} ${localTime(ms, zone)}`;
}
