/** A session on a machine: begun by badge or on the web, ended, and closed with its charge once its time is known. */
import { accept, localMonth, type Result, refuse } from '@commonworks/core';
import { sessionEntry } from '@commonworks/core/ledger/index.ts';
import {
  type MayStart,
  mayStart,
  OBSERVATION_GAP_MAX_MS,
  type StartFacts,
  sessionChargeMinor,
  sessionSeconds,
  sessionSpans,
} from '@commonworks/core/workshop/index.ts';
import { hubClock, type WorkshopTime } from '../clocks/align.ts';
import type { UnalignedClock } from '../clocks/schema.ts';
import type { Db } from '../database.ts';
import { postEntry } from '../ledger/post-entry.ts';
import { sha256 } from '../ledger/sha256.ts';
import { newId } from '../new-id.ts';
import { openPeriod } from '../settlement/periods.ts';
import { activitySpans } from './machine-watch.ts';
import type { SessionRow } from './schema.ts';

/** After this long without news from the machine a session is closed with what is known; the rest stays unknown. */
const NEWS_MAX_MS = 24 * 3_600_000;

export type WorkshopContext = {
  readonly community: string;
  readonly zone: string;
  readonly currency: string;
  /** Absent where all go by one clock: in a demo. */
  readonly time?: WorkshopTime | undefined;
};

/** Whose clock a time is of: absent for the hub's own. */
type Clocked = { readonly clock?: UnalignedClock };

/** The snapshot for the decision, as things stood at `atMs`. */
async function startFacts(
  db: Db,
  at: { machine: string; member: string | null; atMs: number; zone: string },
): Promise<StartFacts> {
  const { machine, atMs } = at;
  const member =
    at.member === null
      ? undefined
      : await db.selectFrom('member').select(['id', 'left_ms']).where('id', '=', at.member).executeTakeFirst();
  const watch = await db.selectFrom('machine_watch').selectAll().where('machine', '=', machine).executeTakeFirst();
  const bookings = await db
    .selectFrom('booking')
    .select(['member', 'from_ms', 'to_ms'])
    .where('machine', '=', machine)
    .where('status', '=', 'booked')
    .where('to_ms', '>', atMs)
    .orderBy('from_ms')
    .limit(100)
    .execute();
  const running = bookings.find((booking) => booking.from_ms <= atMs);
  const next = bookings.find((booking) => booking.from_ms > atMs && booking.member !== at.member);
  const isHeard = watch !== undefined && atMs - watch.time_ms <= OBSERVATION_GAP_MAX_MS;
  return {
    nowMs: atMs,
    zone: at.zone,
    // Whatever the time: a badge shown before they left may be heard of after, and nobody would badge out again.
    member: member === undefined ? null : { id: member.id, hasLeft: member.left_ms !== null },
    activity: isHeard ? watch.activity : 'unknown',
    inSession: (await openSession(db, machine))?.member ?? null,
    running: running === undefined ? null : { member: running.member, toMs: running.to_ms },
    nextOfOthersMs: next?.from_ms ?? null,
  };
}

export async function decideStart(
  db: Db,
  at: { machine: string; member: string | null; atMs: number; zone: string },
): Promise<MayStart> {
  return mayStart(await startFacts(db, at));
}

export async function openSession(db: Db, machine: string): Promise<SessionRow | undefined> {
  return await db
    .selectFrom('session')
    .selectAll()
    .where('machine', '=', machine)
    .where('end_ms', 'is', null)
    .executeTakeFirst();
}

export type Start = {
  readonly machine: string;
  readonly member: string;
  readonly atMs: number;
  readonly by: 'badge' | 'web';
  readonly badge?: string;
} & Clocked;

/** Within a transaction: the decision and the session are one. Returns the session's id. */
export async function startSession(tx: Db, start: Start, context: WorkshopContext): Promise<Result<string>> {
  const decision = await decideStart(tx, { ...start, zone: context.zone });
  if (!decision.ok) return refuse(decision.code, decision.reason);
  const machine = await tx
    .selectFrom('machine')
    .select('price_per_hour')
    .where('id', '=', start.machine)
    .executeTakeFirstOrThrow();
  const id = newId(start.atMs);
  await tx
    .insertInto('session')
    .values({
      id,
      community: context.community,
      machine: start.machine,
      member: start.member,
      started_by: start.by,
      start_ms: start.atMs,
      end_ms: null,
      opening_mwh: await registerNear(tx, start.machine, start.atMs),
      closing_mwh: null,
      // The price of the start holds: nobody pays by a price they have not seen.
      price_per_hour: machine.price_per_hour,
      closed_ms: null,
      running_s: null,
      idle_s: null,
      unknown_s: null,
      charge_minor: null,
      ledger_entry: null,
      badge: start.badge ?? null,
      start_clock: start.clock === undefined ? await hubClock(tx, context.time) : start.clock,
      end_clock: null,
    })
    .execute();
  return accept(id);
}

/**
 * Ends the open session; its charge follows when the machine was heard of up to the end. Returns the session's id.
 * @param end.member whose it must be; null ends anybody's.
 */
export async function endSession(
  tx: Db,
  end: { machine: string; member: string | null; atMs: number } & Clocked,
  context: WorkshopContext,
): Promise<Result<string>> {
  const session = await openSession(tx, end.machine);
  if (session === undefined || (end.member !== null && session.member !== end.member)) {
    const whose = end.member === null ? '' : ' of yours';
    return refuse('workshop.no-session', `there is no open session${whose} on this machine`);
  }
  const endMs = Math.max(end.atMs, session.start_ms);
  const closing = await registerNear(tx, end.machine, endMs);
  const clock = end.clock === undefined ? await hubClock(tx, context.time) : end.clock;
  const ended = { end_ms: endMs, closing_mwh: closing, end_clock: clock };
  await tx.updateTable('session').set(ended).where('id', '=', session.id).execute();
  await closeSessions(tx, { machine: end.machine, nowMs: end.atMs }, context);
  return accept(session.id);
}

/** Ends what a badge began that is taken back. Returns the machine; null when nothing of it is open. */
export async function endSessionOfBadge(
  tx: Db,
  end: { badge: string; atMs: number },
  context: WorkshopContext,
): Promise<string | null> {
  const open = await tx
    .selectFrom('session')
    .select(['machine', 'member'])
    .where('badge', '=', end.badge)
    .where('end_ms', 'is', null)
    .executeTakeFirst();
  if (open === undefined) return null;
  await endSession(tx, { ...open, atMs: end.atMs }, context);
  return open.machine;
}

/** The register read last, if that was not too long ago. */
async function registerNear(tx: Db, machine: string, atMs: number): Promise<number | null> {
  const watch = await tx.selectFrom('machine_watch').selectAll().where('machine', '=', machine).executeTakeFirst();
  if (watch === undefined || watch.register_ms === null) return null;
  return Math.abs(atMs - watch.register_ms) <= OBSERVATION_GAP_MAX_MS ? watch.register_mwh : null;
}

/**
 * Closes what has ended and was heard of to the end, or was waited for long enough; never while a time that it is counted
 * by is not in the hub's right time: nobody pays by two clocks. Returns the ids closed.
 */
export async function closeSessions(
  tx: Db,
  at: { machine: string; nowMs: number },
  context: WorkshopContext,
): Promise<string[]> {
  const waiting = await tx
    .selectFrom('session')
    .selectAll()
    .where('machine', '=', at.machine)
    .where('closed_ms', 'is', null)
    .where('end_ms', 'is not', null)
    .where('start_clock', 'is', null)
    .where('end_clock', 'is', null)
    .execute();
  if (waiting.length === 0) return [];
  const watch = await tx
    .selectFrom('machine_watch')
    .select(['time_ms', 'clock'])
    .where('machine', '=', at.machine)
    .executeTakeFirst();
  const clock = watch?.clock ?? null;
  if (clock !== null || context.time?.hub().isTrusted === false) return [];
  const heardMs = watch?.time_ms ?? 0;
  const closed: string[] = [];
  for (const session of waiting) {
    const endMs = session.end_ms ?? session.start_ms;
    if (heardMs < endMs && at.nowMs - endMs < NEWS_MAX_MS) continue;
    await closeSession(tx, { ...session, end_ms: endMs }, context);
    closed.push(session.id);
  }
  return closed;
}

async function closeSession(tx: Db, session: SessionRow & { end_ms: number }, context: WorkshopContext): Promise<void> {
  const span = { fromMs: session.start_ms, toMs: session.end_ms };
  const known = await activitySpans(tx, session.machine, span.fromMs, span.toMs);
  const { runningS, idleS, unknownS } = sessionSeconds(sessionSpans(span, known));
  const charge = {
    community: context.community,
    currency: context.currency,
    session: session.id,
    machine: session.machine,
    member: session.member,
    runningS,
    pricePerHour: session.price_per_hour,
    endMs: session.end_ms,
  };
  const period = await openPeriod(tx, localMonth(session.end_ms, context.zone));
  const entry = sessionEntry(charge, period, sha256);
  await tx
    .updateTable('session')
    .set({
      closed_ms: session.end_ms,
      running_s: runningS,
      idle_s: idleS,
      unknown_s: unknownS,
      charge_minor: sessionChargeMinor(runningS, session.price_per_hour),
      ledger_entry: entry === null ? null : await postEntry(tx, entry),
    })
    .where('id', '=', session.id)
    .execute();
}
