/** Machines, bookings and sessions. */
import { type Static, Type } from 'typebox';
import { ACTIVITIES } from '../points.ts';
import { Nullable, TimeMs } from '../schema.ts';

export const Booking = Type.Object({
  id: Type.String(),
  machine: Type.String(),
  machineName: Type.String(),
  /** Null where the reader may not know who booked; `isMine` says what matters to them. */
  member: Nullable(Type.String()),
  memberName: Nullable(Type.String()),
  isMine: Type.Boolean(),
  fromMs: Type.Number(),
  toMs: Type.Number(),
  status: Type.Enum(['booked', 'cancelled']),
});
export type Booking = Static<typeof Booking>;

export const Machine = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Enum(['laser', 'cnc', 'printer', 'other']),
  activity: Type.Enum([...ACTIVITIES]),
  activitySinceMs: Nullable(Type.Number()),
  isStale: Type.Boolean(),
  powerW: Nullable(Type.Number()),
  /** free: nobody has it; booked: a booking runs now; in-session: somebody is badged in. */
  occupancy: Type.Enum(['free', 'booked', 'in-session']),
  current: Nullable(Booking),
  next: Nullable(Booking),
  /** Minor units per running hour, decimal text. */
  pricePerHour: Type.String(),
  /** Whether the one who asks may start now, and if not, why and what to do. */
  mayStart: Type.Object({ ok: Type.Boolean(), reason: Type.String() }),
  mySession: Nullable(Type.String()),
});
export type Machine = Static<typeof Machine>;

/** POST /bookings; times on whole minutes, at least 15 minutes, at most 8 hours, at most 60 days ahead. */
export const BookingRequest = Type.Object(
  { machine: Type.String(), fromMs: TimeMs, toMs: TimeMs },
  { additionalProperties: false },
);
export type BookingRequest = Static<typeof BookingRequest>;

/** A span of a session with one activity; `source` is the pack key or register it was taken from. */
export const SessionSpan = Type.Object({
  activity: Type.Enum([...ACTIVITIES]),
  fromMs: Type.Number(),
  toMs: Type.Number(),
  source: Type.String(),
});
export const Session = Type.Object({
  id: Type.String(),
  machine: Type.String(),
  machineName: Type.String(),
  member: Type.String(),
  memberName: Type.String(),
  startMs: Type.Number(),
  endMs: Nullable(Type.Number()),
  runningS: Type.Integer(),
  idleS: Type.Integer(),
  unknownS: Type.Integer(),
  energyMwh: Nullable(Type.Integer()),
  chargeMinor: Nullable(Type.Integer()),
  /** The charge waits until this clock is known: the reader's agent's, or the hub's. */
  waitsFor: Nullable(Type.Enum(['agent-clock', 'hub-clock'])),
  transaction: Nullable(Type.String()),
  spans: Type.Array(SessionSpan),
});
export type Session = Static<typeof Session>;
export type SessionSpan = Static<typeof SessionSpan>;
