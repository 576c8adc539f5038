/** A member leaves: from then on nobody logs in, badges in or is billed in that name; history and statements stay. */
import { accept, intervalStart, QUARTER_HOUR_MS, type Result, refuse } from '@commonworks/core';
import { revokeBadgesOf } from '../badges/badge-register.ts';
import type { Db } from '../database.ts';
import { openSpans } from '../settlement/periods.ts';
import { endSession, type WorkshopContext } from '../workshop/sessions.ts';

export type Leave = { readonly member: string; readonly atMs: number; readonly nowMs: number };

/**
 * Within a transaction: refused unless everything can end. Shares must have been handed on before; the member's metering
 * points end with the quarter hour, so that the next one who lives there begins with a point of their own. Returns the
 * machines whose session or booking ended.
 */
export async function leaveCommunity(tx: Db, leave: Leave, context: WorkshopContext): Promise<Result<string[]>> {
  const { member, atMs, nowMs } = leave;
  const row = await tx.selectFrom('member').selectAll().where('id', '=', member).executeTakeFirstOrThrow();
  if (row.left_ms !== null) return refuse('community.member-has-left', `${row.name} has left already`);
  const shares = await sharesAtLast(tx, member);
  if (shares > 0) return refuse('community.member-holds-shares', `${row.name} still holds ${shares} shares`);
  if (atMs > nowMs || atMs < row.joined_ms) {
    return refuse('community.leave-date', `${row.name} cannot leave before joining, nor at a time to come`);
  }
  if (atMs < (await settledUntil(tx))) {
    return refuse('community.leave-date', `the month in which ${row.name} would leave is settled`);
  }
  const later = await happenedAfter(tx, leave);
  if (later !== null) return refuse('community.leave-date', `${row.name} ${later} after that`);
  await endPoints(tx, leave);
  await revokeBadgesOf(tx, member, atMs);
  const machines = [...(await endSessions(tx, { member, atMs }, context)), ...(await endBookings(tx, member, atMs))];
  await tx.updateTable('member').set({ left_ms: atMs, roles: '[]' }).where('id', '=', member).execute();
  return accept([...new Set(machines)]);
}

/** With everything that is dated ahead. */
async function sharesAtLast(tx: Db, member: string): Promise<number> {
  const rows = await tx
    .selectFrom('share_transfer')
    .select(['to_holder', 'shares'])
    .where((where) => where.or([where('from_holder', '=', member), where('to_holder', '=', member)]))
    .execute();
  return rows.reduce((sum, row) => sum + (row.to_holder === member ? row.shares : -row.shares), 0);
}

/** The end of the newest settled month: who was whose in it does not change any more. */
async function settledUntil(tx: Db): Promise<number> {
  return (await openSpans(tx)).at(-1)?.fromMs ?? 0;
}

/**
 * What stands in the way of a date in the past, in words; null when nothing does. What a clock that is ahead dates after
 * now counts as now: nobody has to wait for it.
 */
async function happenedAfter(tx: Db, { member, atMs, nowMs }: Leave): Promise<string | null> {
  const shares = await tx
    .selectFrom('share_transfer')
    .select('no')
    .where((where) => where.or([where('from_holder', '=', member), where('to_holder', '=', member)]))
    .where('at_ms', '>', atMs)
    .executeTakeFirst();
  if (shares !== undefined) return 'held shares';
  if (atMs === nowMs) return null;
  const session = await tx
    .selectFrom('session')
    .select('id')
    .where('member', '=', member)
    .where((where) => where.or([where('end_ms', 'is', null), where('end_ms', '>', atMs)]))
    .executeTakeFirst();
  if (session !== undefined) return 'used a machine';
  const meter = await tx
    .selectFrom('assignment')
    .innerJoin('metering_point', 'metering_point.no', 'assignment.point_no')
    .select('assignment.no')
    .where('metering_point.member', '=', member)
    .where('assignment.from_ms', '>', atMs)
    .where('assignment.from_ms', '<=', nowMs)
    .executeTakeFirst();
  return meter === undefined ? null : 'was given a meter';
}

/**
 * Meters are set from the start of the running quarter hour, and taken away at it: no interval is counted twice. Only the
 * readings of the quarter hour after it still belong to the point: few meters are read at the boundary itself, and the
 * first reading after it closes the last interval. Nothing counts an interval whose end the assignment does not reach.
 * A meter that was to come is not set.
 */
async function endPoints(tx: Db, { member, atMs, nowMs }: Leave): Promise<void> {
  const endMs = intervalStart(atMs);
  const lastMs = endMs + QUARTER_HOUR_MS - 1;
  const open = await tx
    .selectFrom('assignment')
    .innerJoin('metering_point', 'metering_point.no', 'assignment.point_no')
    .select(['assignment.no', 'assignment.from_ms', 'assignment.point_no'])
    .where('metering_point.member', '=', member)
    .where((where) => where.or([where('assignment.to_ms', 'is', null), where('assignment.to_ms', '>', lastMs)]))
    .execute();
  for (const { no, from_ms, point_no } of open) {
    if (from_ms > nowMs) {
      await tx.deleteFrom('assignment').where('no', '=', no).execute();
      continue;
    }
    const toMs = Math.max(lastMs, from_ms + 1);
    await tx.updateTable('assignment').set({ to_ms: toMs }).where('no', '=', no).execute();
    await tx.insertInto('derive_request').values({ point_no, from_ms: endMs }).execute();
  }
}

async function endSessions(
  tx: Db,
  { member, atMs }: { member: string; atMs: number },
  context: WorkshopContext,
): Promise<string[]> {
  const open = await tx
    .selectFrom('session')
    .select('machine')
    .where('member', '=', member)
    .where('end_ms', 'is', null)
    .execute();
  for (const { machine } of open) await endSession(tx, { machine, member, atMs }, context);
  return open.map(({ machine }) => machine);
}

async function endBookings(tx: Db, member: string, atMs: number): Promise<string[]> {
  const rows = await tx
    .updateTable('booking')
    .set({ status: 'cancelled' })
    .where('member', '=', member)
    .where('status', '=', 'booked')
    .where('to_ms', '>', atMs)
    .returning('machine')
    .execute();
  return rows.map(({ machine }) => machine);
}
