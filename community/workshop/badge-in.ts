/** What a badge at a reader means: end my session, start on the machine I booked, or on the only one that is free. */
import type { BadgeEvent } from '@commonworks/core';
import { type ErrorCode, refuse } from '@commonworks/core';
import { badgeShown } from '../badges/badge-register.ts';
import { noteRefusal } from '../badges/refusals.ts';
import type { UnalignedClock } from '../clocks/schema.ts';
import type { Db } from '../database.ts';
import { takeAllowance } from '../edge-budgets/allowance.ts';
import type { MachineRecord } from './machine-list.ts';
import { machinesAtReader } from './reader-machines.ts';
import { decideStart, endSession, openSession, startSession, type WorkshopContext } from './sessions.ts';

/** A card held a moment too long is read twice: that is not a badge-out. */
const REPEAT_MAX_MS = 5000;
/** Who booked may begin this much earlier when the machine is free. */
const EARLY_MAX_MS = 15 * 60_000;

/** A badge that was on its way no longer than this is told of at once. */
const CLOCK_OFF_MIN_MS = 120_000;

export type Badge = {
  readonly event: BadgeEvent;
  readonly edge: string;
  readonly device: string;
  readonly atMs: number;
  /** When its pack came, by the hub's clock. */
  readonly receivedMs: number;
  /** Whose clock `atMs` is of; null for the hub's. */
  readonly clock: UnalignedClock;
};
export type BadgeResult = {
  readonly machine: string | null;
  readonly did: 'started' | 'ended' | 'refused' | 'repeated';
};

export async function badgeIn(
  tx: Db,
  badge: Badge,
  options: { machines: readonly MachineRecord[]; context: WorkshopContext; nowMs: number },
): Promise<BadgeResult> {
  const { atMs, clock } = badge;
  const candidates = machinesAtReader({ ...badge, reader: badge.event.reader }, options.machines);
  const member = await badgeShown(tx, badge.event.badge, { atMs, nowMs: options.nowMs });
  if (member === null) return await refused(tx, badge, whyNobody(badge, options.nowMs));
  // An outbox put back from a backup sends again, under other keys, what the log has already.
  const known = await sessionTouchedAt(tx, { member, atMs, machines: candidates.map(({ id }) => id) });
  if (known !== null) return { machine: known, did: 'repeated' };
  for (const { id } of candidates) {
    const session = await openSession(tx, id);
    if (session?.member !== member) continue;
    if (atMs - session.start_ms < REPEAT_MAX_MS) return { machine: id, did: 'repeated' };
    await endSession(tx, { machine: id, member, atMs, clock }, options.context);
    return { machine: id, did: 'ended' };
  }
  const machine = await chooseMachine(tx, { member, atMs, candidates, zone: options.context.zone });
  if (typeof machine !== 'string') return await refused(tx, badge, machine);
  // Who is in a session can always end it: what is bounded is the beginning.
  if ((await takeAllowance(tx, { edge: badge.edge, budget: 'sessions', atMs: badge.receivedMs })) === 0) {
    return await refused(
      tx,
      badge,
      refuse('workshop.reader-over-budget', 'too many sessions were begun at these readers'),
    );
  }
  const start = { machine, member, atMs, by: 'badge', badge: badge.event.badge, clock } as const;
  const result = await startSession(tx, start, options.context);
  return result.ok ? { machine, did: 'started' } : await refused(tx, badge, result);
}

/** A badge is nobody's before it was given: with a reader whose clock is not known that may be the clock's doing. */
function whyNobody({ atMs, clock, edge }: Badge, nowMs: number): Why {
  const offMs = atMs - nowMs;
  if (clock !== edge || Math.abs(offMs) < CLOCK_OFF_MIN_MS) return refuse('workshop.not-a-member', 'unknown badge');
  const side = offMs < 0 ? 'behind' : 'ahead';
  const message = `the clock of this reader's agent is not known; its stamp is ${minutes(offMs)} min ${side}`;
  return refuse('workshop.reader-clock-unknown', message);
}

function minutes(ms: number): number {
  return Math.round(Math.abs(ms) / 60_000);
}

/** The machine whose session of this member began or ended with a badge shown at exactly that time. */
async function sessionTouchedAt(
  tx: Db,
  { member, atMs, machines }: { member: string; atMs: number; machines: readonly string[] },
): Promise<string | null> {
  if (machines.length === 0) return null;
  const row = await tx
    .selectFrom('session')
    .select('machine')
    .where('member', '=', member)
    .where('machine', 'in', machines)
    .where((where) => where.or([where('start_ms', '=', atMs), where('end_ms', '=', atMs)]))
    .executeTakeFirst();
  return row?.machine ?? null;
}

type Choice = { member: string; atMs: number; candidates: readonly MachineRecord[]; zone: string };
type Why = { readonly reason: ErrorCode; readonly message: string };

async function chooseMachine(tx: Db, choice: Choice): Promise<string | Why> {
  const { member, atMs, candidates, zone } = choice;
  const [only] = candidates;
  if (only === undefined) return refuse('workshop.reader-ambiguous', 'no machine belongs to this reader');
  if (candidates.length === 1) return only.id;
  const ids = candidates.map((machine) => machine.id);
  const booked = await tx
    .selectFrom('booking')
    .select('machine')
    .where('member', '=', member)
    .where('machine', 'in', ids)
    .where('status', '=', 'booked')
    .where('from_ms', '<=', atMs + EARLY_MAX_MS)
    .where('to_ms', '>', atMs)
    .orderBy('from_ms')
    .executeTakeFirst();
  if (booked !== undefined) return booked.machine;
  const free: string[] = [];
  for (const machine of ids) {
    const decision = await decideStart(tx, { machine, member, atMs, zone });
    if (decision.ok) free.push(machine);
  }
  const [first] = free;
  if (free.length === 1 && first !== undefined) return first;
  return refuse('workshop.reader-ambiguous', `${free.length} machines at this reader are free for this badge`);
}

async function refused(tx: Db, badge: Badge, why: Why): Promise<BadgeResult> {
  await noteRefusal(
    tx,
    {
      badge: badge.event.badge,
      edge: badge.edge,
      reader: badge.event.reader,
      at_ms: badge.atMs,
      code: why.reason,
      message: why.message,
    },
    { receivedMs: badge.receivedMs },
  );
  return { machine: null, did: 'refused' };
}
