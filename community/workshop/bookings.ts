/** Bookings: made when the rules allow, never overlapping (the database's own rule), shown without names to others. */
import { accept, CodedError, localTime, type Result, refuse, type Span } from '@commonworks/core';
import type { Booking, BookingRequest } from '@commonworks/core/api/index.ts';
import type { Seed } from '@commonworks/core/seed.ts';
import { BOOKING_LIMITS, checkBookingTimes, nextFreeMs } from '@commonworks/core/workshop/index.ts';
import type { Db } from '../database.ts';
import { newId } from '../new-id.ts';
import { isTriggerAbort, isUnknownReference } from '../sqlite-constraint.ts';

/** The most that is read at once: a machine booked by the quarter hour for two months has fewer. */
const BOOKINGS_MAX = 6000;

export type BookingContext = { readonly community: string; readonly zone: string; readonly nowMs: number };

/** Whose eyes: their own bookings are theirs; names of others only for staff. */
export type Viewer = { readonly member: string | null; readonly seesNames: boolean };

/**
 * Call within a transaction only if a refusal rolls it back.
 * @throws CodedError `http.not-found` for a machine or member that does not exist.
 */
export async function createBooking(
  db: Db,
  request: BookingRequest & { member: string },
  context: BookingContext,
): Promise<Result<string>> {
  const times = checkBookingTimes(request, context.nowMs);
  if (!times.ok) return times;
  const { machine, member, fromMs, toMs } = request;
  const id = newId(context.nowMs);
  try {
    await insertBooking(db, { id, machine, member, fromMs, toMs, ...context });
    return accept(id);
  } catch (error) {
    if (isUnknownReference(error)) throw new CodedError('http.not-found', 'there is no such machine');
    if (!isTriggerAbort(error)) throw error;
    const free = await nextFree(db, machine, request);
    const day = new Date(free).toISOString().slice(0, 10);
    return refuse(
      'workshop.booking-overlaps',
      `taken; free from ${localTime(free, context.zone)} (${day}) for as long`,
    );
  }
}

type NewBooking = BookingContext & Span & { id: string; machine: string; member: string };

async function insertBooking(db: Db, booking: NewBooking): Promise<void> {
  const { id, community, machine, member, fromMs, toMs, nowMs } = booking;
  await db
    .insertInto('booking')
    .values({ id, community, machine, member, from_ms: fromMs, to_ms: toMs, status: 'booked', created_ms: nowMs })
    .execute();
}

/** Bookings of a demo's past and future, in the transaction that fills the register. */
export async function seedBookings(tx: Db, seed: Seed, context: BookingContext): Promise<void> {
  for (const booking of seed.bookings) {
    await insertBooking(tx, { id: newId(booking.fromMs), ...booking, ...context });
  }
}

async function nextFree(db: Db, machine: string, wanted: Span): Promise<number> {
  const taken = await rowsBetween(db, machine, {
    fromMs: wanted.fromMs,
    toMs: wanted.toMs + BOOKING_LIMITS.aheadMaxMs,
  });
  return nextFreeMs(
    wanted,
    taken.map((row) => ({ fromMs: row.from_ms, toMs: row.to_ms })),
  );
}

function query(db: Db) {
  return db
    .selectFrom('booking')
    .innerJoin('machine', 'machine.id', 'booking.machine')
    .innerJoin('member', 'member.id', 'booking.member')
    .selectAll('booking')
    .select(['machine.name as machine_name', 'member.name as member_name']);
}

export type BookingRow = Awaited<ReturnType<ReturnType<typeof query>['execute']>>[number];

/** Booked ones that touch the span, ascending. */
async function rowsBetween(db: Db, machine: string, span: Span): Promise<BookingRow[]> {
  return await query(db)
    .where('booking.machine', '=', machine)
    .where('booking.status', '=', 'booked')
    .where('booking.from_ms', '<', span.toMs)
    .where('booking.to_ms', '>', span.fromMs)
    .orderBy('booking.from_ms')
    .limit(BOOKINGS_MAX)
    .execute();
}

export async function listBookings(db: Db, machine: string, span: Span, viewer: Viewer): Promise<Booking[]> {
  return (await rowsBetween(db, machine, span)).map((row) => toBooking(row, viewer));
}

/** A member's own, newest begin first; those before `beforeMs`. */
export async function memberBookings(
  db: Db,
  member: string,
  page: { beforeMs: number; limit: number },
): Promise<Booking[]> {
  const rows = await query(db)
    .where('booking.member', '=', member)
    .where('booking.from_ms', '<', page.beforeMs)
    .orderBy('booking.from_ms', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map((row) => toBooking(row, { member, seesNames: true }));
}

export async function findBooking(db: Db, id: string, viewer: Viewer): Promise<Booking | null> {
  const row = await query(db).where('booking.id', '=', id).executeTakeFirst();
  return row === undefined ? null : toBooking(row, viewer);
}

/** Cancelling again changes nothing; what is over cannot be cancelled. */
export async function cancelBooking(db: Db, id: string, nowMs: number): Promise<void> {
  await db
    .updateTable('booking')
    .set({ status: 'cancelled' })
    .where('id', '=', id)
    .where('to_ms', '>', nowMs)
    .execute();
}

export function toBooking(row: BookingRow, viewer: Viewer): Booking {
  const isMine = row.member === viewer.member;
  const isNamed = isMine || viewer.seesNames;
  return {
    id: row.id,
    machine: row.machine,
    machineName: row.machine_name,
    member: isNamed ? row.member : null,
    memberName: isNamed ? row.member_name : null,
    isMine,
    fromMs: row.from_ms,
    toMs: row.to_ms,
    status: row.status,
  };
}

/** For every machine: the booking that runs at `atMs`, and those that begin within a day after. */
export async function bookingsAround(db: Db, atMs: number): Promise<BookingRow[]> {
  return await query(db)
    .where('booking.status', '=', 'booked')
    .where('booking.to_ms', '>', atMs)
    .where('booking.from_ms', '<', atMs + BOOKING_LIMITS.aheadMaxMs)
    .orderBy('booking.from_ms')
    .limit(BOOKINGS_MAX)
    .execute();
}
