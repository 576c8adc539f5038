/** Machines, bookings and sessions of the fixture community; bookings can be made and cancelled. */
import type { Booking, Machine, Session } from '@commonworks/core/api/index.ts';
import { daySpan, localDay } from '@commonworks/core/time.ts';
import { ZONE } from './fixture-world.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

type Stored = Omit<Booking, 'isMine'>;

export function createWorkshop(startMs: number) {
  const { fromMs: midnight } = daySpan(localDay(startMs, ZONE), ZONE);
  const bookings = bookingSeeds(midnight);
  const ended = new Set<string>();
  const view = (booking: Stored, member: string): Booking => ({ ...booking, isMine: booking.member === member });

  return {
    machines: (member: string, nowMs: number): Machine[] =>
      machineSeeds(startMs).map((machine) => {
        const own = bookings.filter((booking) => booking.machine === machine.id && booking.status === 'booked');
        const current = own.find(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
        const next = own.filter(({ fromMs }) => fromMs > nowMs).toSorted((a, b) => a.fromMs - b.fromMs)[0];
        return {
          ...machine,
          ...(ended.has(machine.id) && { occupancy: 'free', activity: 'idle' }),
          current: current === undefined ? null : view(current, member),
          next: next === undefined ? null : view(next, member),
        };
      }),
    bookings: (machine: string, span: { fromMs: number; toMs: number }, member: string): Booking[] =>
      bookings
        .filter((each) => each.machine === machine && each.fromMs < span.toMs && each.toMs > span.fromMs)
        .map((each) => view(each, member)),
    ofMember: (member: string): Booking[] =>
      bookings.filter((each) => each.member === member).map((each) => view(each, member)),
    /** Null when the time is taken. */
    book(
      wanted: { machine: string; fromMs: number; toMs: number },
      member: { id: string; name: string },
    ): Booking | null {
      const isTaken = bookings.some(
        (each) =>
          each.machine === wanted.machine &&
          each.status === 'booked' &&
          each.fromMs < wanted.toMs &&
          each.toMs > wanted.fromMs,
      );
      if (isTaken) return null;
      const machineName = NAMES[wanted.machine] ?? wanted.machine;
      const who = { member: member.id, memberName: member.name, machineName };
      const stored: Stored = { id: `b${bookings.length + 1}`, ...wanted, ...who, status: 'booked' };
      bookings.push(stored);
      return view(stored, member.id);
    },
    cancel(id: string): void {
      const index = bookings.findIndex((each) => each.id === id);
      const found = bookings[index];
      if (found !== undefined) bookings[index] = { ...found, status: 'cancelled' };
    },
    /** Ben's is the one that is open. */
    end(machine: string): Session {
      ended.add(machine);
      const [first] = sessionSeeds(midnight, { id: 'ben', name: 'Ben' });
      if (first === undefined) throw new Error('the fixture has sessions');
      return { ...first, machine };
    },
    sessions: (member: { id: string; name: string }): Session[] => sessionSeeds(midnight, member),
  };
}

const NAMES: Record<string, string> = {
  laser: 'Laser cutter',
  cnc: 'CNC mill',
  printer: '3D printer',
  saw: 'Panel saw',
};

function bookingSeeds(midnight: number): Stored[] {
  const seed = (id: string, machine: string, at: { who: string; from: number; hours: number }): Stored => ({
    ...{ id, machine, machineName: NAMES[machine] ?? machine, member: at.who.toLowerCase(), memberName: at.who },
    ...{ fromMs: midnight + at.from * HOUR_MS, toMs: midnight + (at.from + at.hours) * HOUR_MS, status: 'booked' },
  });
  return [
    seed('b1', 'laser', { who: 'Ben', from: 13.5, hours: 1.5 }),
    seed('b2', 'laser', { who: 'Clara', from: 17, hours: 2 }),
    seed('b3', 'cnc', { who: 'Greta', from: 16, hours: 1 }),
    seed('b4', 'laser', { who: 'Anna', from: 39, hours: 1 }),
    seed('b5', 'cnc', { who: 'Ben', from: 34, hours: 2 }),
  ];
}

function machineSeeds(nowMs: number): Omit<Machine, 'current' | 'next'>[] {
  const free = { activity: 'idle', isStale: false, powerW: 35, occupancy: 'free', mySession: null } as const;
  return [
    {
      ...{ id: 'laser', name: 'Laser cutter', kind: 'laser', activity: 'running', powerW: 1_840, isStale: false },
      ...{ activitySinceMs: nowMs - 23 * MINUTE_MS, occupancy: 'in-session', pricePerHour: '900', mySession: null },
      mayStart: { ok: false, reason: 'Ben has it until 15:00. Book a time after that.' },
    },
    {
      ...{ id: 'cnc', name: 'CNC mill', kind: 'cnc', ...free, activitySinceMs: nowMs - 95 * MINUTE_MS },
      ...{ pricePerHour: '1200', mayStart: { ok: true, reason: '' } },
    },
    {
      ...{ id: 'printer', name: '3D printer', kind: 'printer', ...free, activity: 'hold', powerW: 60 },
      ...{ activitySinceMs: nowMs - 4 * MINUTE_MS, pricePerHour: '150' },
      mayStart: { ok: false, reason: 'A job is paused on it. Ask who left it before you start.' },
    },
    {
      ...{ id: 'saw', name: 'Panel saw', kind: 'other', ...free, activity: 'unknown', isStale: true, powerW: null },
      ...{ activitySinceMs: nowMs - 3 * HOUR_MS, pricePerHour: '600' },
      mayStart: { ok: false, reason: 'Its meter does not answer. Tell an operator.' },
    },
  ];
}

function sessionSeeds(midnight: number, member: { id: string; name: string }): Session[] {
  const startMs = midnight - 30 * HOUR_MS;
  const at = (minute: number) => startMs + minute * MINUTE_MS;
  const source = (from: number) => `workshop/0192f3a1/${18_204 + from}`;
  const spans: Session['spans'] = [
    { activity: 'idle', fromMs: at(0), toMs: at(6), source: source(0) },
    { activity: 'running', fromMs: at(6), toMs: at(31), source: source(2) },
    { activity: 'unknown', fromMs: at(31), toMs: at(33), source: source(3) },
    { activity: 'running', fromMs: at(33), toMs: at(52), source: source(5) },
    { activity: 'idle', fromMs: at(52), toMs: at(55), source: source(8) },
  ];
  return [
    {
      ...{ id: 's1', machine: 'laser', machineName: 'Laser cutter', member: member.id, memberName: member.name },
      ...{ startMs, endMs: at(55), runningS: 2_640, idleS: 540, unknownS: 120, energyMwh: 1_312_500, chargeMinor: 660 },
      ...{ waitsFor: null, transaction: '0192f3a1c0de', spans },
    },
    {
      ...{ id: 's2', machine: 'cnc', machineName: 'CNC mill', member: member.id, memberName: member.name },
      ...{ startMs: at(-3000), endMs: at(-2960), runningS: 1_860, idleS: 540, unknownS: 0, energyMwh: 842_000 },
      ...{ chargeMinor: 620, waitsFor: null, transaction: '0192f3a1beef' },
      spans: [
        { activity: 'idle', fromMs: at(-3000), toMs: at(-2991), source: source(40) },
        { activity: 'running', fromMs: at(-2991), toMs: at(-2960), source: source(41) },
      ],
    },
  ];
}
