/** Machines as people see them: what it does, who has it, and whether the one who asks may start. */
import type { Activity } from '@commonworks/core';
import type { Machine } from '@commonworks/core/api/index.ts';
import { mayStart, OBSERVATION_GAP_MAX_MS } from '@commonworks/core/workshop/index.ts';
import type { Db } from '../database.ts';
import { type BookingRow, bookingsAround, toBooking, type Viewer } from './bookings.ts';
import { listMachines, type MachineRecord } from './machine-list.ts';
import { type Watched, watchedMachines } from './machine-watch.ts';

/** What the live lane says of a machine; null for what is not fresh. */
export type LiveMachine = { readonly activity: Activity | null; readonly powerW: number | null };
export type LookLive = (machine: MachineRecord) => LiveMachine;

/** Everything the views of all viewers are made from, read once. */
export type MachineState = {
  readonly nowMs: number;
  readonly zone: string;
  readonly machines: readonly MachineRecord[];
  readonly watched: ReadonlyMap<string, Watched>;
  readonly sessions: ReadonlyMap<string, { readonly id: string; readonly member: string }>;
  readonly bookings: readonly BookingRow[];
  /** Members who left. */
  readonly gone: ReadonlySet<string>;
};

export async function readMachineState(db: Db, nowMs: number, zone: string): Promise<MachineState> {
  const open = await db.selectFrom('session').select(['id', 'machine', 'member']).where('end_ms', 'is', null).execute();
  const gone = await db.selectFrom('member').select('id').where('left_ms', '<=', nowMs).execute();
  return {
    nowMs,
    zone,
    machines: await listMachines(db),
    watched: await watchedMachines(db),
    sessions: new Map(open.map((row) => [row.machine, { id: row.id, member: row.member }])),
    bookings: await bookingsAround(db, nowMs),
    gone: new Set(gone.map((row) => row.id)),
  };
}

export function machineView(
  state: MachineState,
  machine: MachineRecord,
  options: { viewer: Viewer; live: LookLive },
): Machine {
  const { viewer } = options;
  const live = options.live(machine);
  const { activity, sinceMs, isStale } = currentActivity(state, machine.id, live);
  const session = state.sessions.get(machine.id);
  const own = state.bookings.filter((booking) => booking.machine === machine.id);
  const running = own.find((booking) => booking.from_ms <= state.nowMs);
  const next = own.find((booking) => booking.from_ms > state.nowMs);
  const decision = mayStart({
    nowMs: state.nowMs,
    zone: state.zone,
    member: viewer.member === null ? null : { id: viewer.member, hasLeft: state.gone.has(viewer.member) },
    activity,
    inSession: session?.member ?? null,
    running: running === undefined ? null : { member: running.member, toMs: running.to_ms },
    nextOfOthersMs: own.find((one) => one.from_ms > state.nowMs && one.member !== viewer.member)?.from_ms ?? null,
  });
  return {
    id: machine.id,
    name: machine.name,
    kind: machine.kind,
    activity,
    activitySinceMs: sinceMs,
    isStale,
    powerW: live.powerW,
    occupancy: session !== undefined ? 'in-session' : running !== undefined ? 'booked' : 'free',
    current: running === undefined ? null : toBooking(running, viewer),
    next: next === undefined ? null : toBooking(next, viewer),
    pricePerHour: machine.pricePerHour,
    mayStart: { ok: decision.ok, reason: decision.reason },
    mySession: session !== undefined && session.member === viewer.member ? session.id : null,
  };
}

/** The live lane is newest; the log's last word holds for as long as an observation does; then nobody knows. */
function currentActivity(
  state: MachineState,
  machine: string,
  live: LiveMachine,
): { activity: Activity; sinceMs: number | null; isStale: boolean } {
  const watch = state.watched.get(machine);
  if (live.activity !== null) {
    return {
      activity: live.activity,
      sinceMs: watch?.activity === live.activity ? watch.sinceMs : null,
      isStale: false,
    };
  }
  if (watch === undefined || state.nowMs - watch.timeMs > OBSERVATION_GAP_MAX_MS) {
    return { activity: 'unknown', sinceMs: null, isStale: true };
  }
  return { activity: watch.activity, sinceMs: watch.sinceMs, isStale: false };
}
