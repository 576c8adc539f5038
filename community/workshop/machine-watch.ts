/** Follows what a machine does: observations in the order of the log become a gapless history of activities. */
import type { Activity } from '@commonworks/core';
import { type ActivitySpan, type Observation, spanBetween } from '@commonworks/core/workshop/index.ts';
import type { UnalignedClock } from '../clocks/schema.ts';
import type { Db } from '../database.ts';

/** `isTold`: the machine's own word, which comes only when it changes; else measured, and measured again and again. */
export type Sighting = Observation & { readonly isTold: boolean; readonly clock?: UnalignedClock };

/** Records what was seen; one that is older than the last is passed over: its time is accounted for. */
export async function observe(tx: Db, machine: string, seen: Sighting): Promise<void> {
  const last = await tx.selectFrom('machine_watch').selectAll().where('machine', '=', machine).executeTakeFirst();
  if (last === undefined) {
    const { timeMs, activity, boot, source, clock = null } = seen;
    const row = { machine, time_ms: timeMs, activity, since_ms: timeMs, boot, source, is_told: flag(seen), clock };
    await tx
      .insertInto('machine_watch')
      .values({ ...row, register_ms: null, register_mwh: null })
      .execute();
    return;
  }
  const before = { timeMs: last.time_ms, activity: last.activity, boot: last.boot, source: last.source };
  const span = spanBetween(before, seen);
  if (span === null) {
    if (seen.timeMs === last.time_ms && seen.activity !== last.activity) await setWatch(tx, machine, seen, seen.timeMs);
    return;
  }
  await appendSpan(tx, machine, { ...span, clock: seen.clock ?? null });
  const isSame = seen.activity === last.activity && span.activity !== 'unknown';
  await setWatch(tx, machine, seen, isSame ? last.since_ms : seen.timeMs);
}

function flag(seen: Sighting): 0 | 1 {
  return seen.isTold ? 1 : 0;
}

type Heard = { readonly timeMs: number; readonly boot: string; readonly clock?: UnalignedClock };

/**
 * The edge of a machine that tells changes was heard: it did until then what it told last. Not so across another life
 * of the edge, which may have missed a change; and an unreachable machine was told as unknown.
 */
export async function stillAsTold(tx: Db, machine: string, heard: Heard): Promise<void> {
  const last = await tx.selectFrom('machine_watch').selectAll().where('machine', '=', machine).executeTakeFirst();
  if (last === undefined || last.is_told === 0 || last.boot !== heard.boot || heard.timeMs <= last.time_ms) return;
  const { activity, source } = last;
  await observe(tx, machine, { ...heard, activity, source, isTold: true });
}

async function setWatch(tx: Db, machine: string, seen: Sighting, sinceMs: number): Promise<void> {
  const { timeMs, activity, boot, source, clock = null } = seen;
  await tx
    .updateTable('machine_watch')
    .set({ time_ms: timeMs, activity, since_ms: sinceMs, boot, source, is_told: flag(seen), clock })
    .where('machine', '=', machine)
    .execute();
}

type ClockedSpan = ActivitySpan & { readonly clock: UnalignedClock };

async function appendSpan(tx: Db, machine: string, span: ClockedSpan): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('machine_activity')
    .set({ to_ms: span.toMs })
    .where('machine', '=', machine)
    .where('to_ms', '=', span.fromMs)
    .where('activity', '=', span.activity)
    .where('clock', 'is', span.clock)
    .executeTakeFirst();
  if (numUpdatedRows > 0n) return;
  await tx
    .insertInto('machine_activity')
    .values({
      machine,
      from_ms: span.fromMs,
      to_ms: span.toMs,
      activity: span.activity,
      source: span.source,
      clock: span.clock,
    })
    .execute();
}

/** The meter's newest register, for the energy of a session. */
export async function noteRegister(tx: Db, machine: string, register: { timeMs: number; mwh: number }): Promise<void> {
  await tx
    .updateTable('machine_watch')
    .set({ register_ms: register.timeMs, register_mwh: register.mwh })
    .where('machine', '=', machine)
    .where((where) => where.or([where('register_ms', 'is', null), where('register_ms', '<=', register.timeMs)]))
    .execute();
}

/** What it did in a span, as far as it is known. */
export async function activitySpans(db: Db, machine: string, fromMs: number, toMs: number): Promise<ActivitySpan[]> {
  const rows = await db
    .selectFrom('machine_activity')
    .selectAll()
    .where('machine', '=', machine)
    .where('from_ms', '<', toMs)
    .where('to_ms', '>', fromMs)
    .orderBy('from_ms')
    .execute();
  return rows.map((row) => ({ fromMs: row.from_ms, toMs: row.to_ms, activity: row.activity, source: row.source }));
}

export type Watched = { readonly timeMs: number; readonly activity: Activity; readonly sinceMs: number };

export async function watchedMachines(db: Db): Promise<Map<string, Watched>> {
  const rows = await db.selectFrom('machine_watch').select(['machine', 'time_ms', 'activity', 'since_ms']).execute();
  return new Map(
    rows.map((row) => [row.machine, { timeMs: row.time_ms, activity: row.activity, sinceMs: row.since_ms }]),
  );
}
