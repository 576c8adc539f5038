/** Brings an agent's times into the hub's before they are compared with it; what cannot be yet is marked, and shifted later. */
import { FUTURE_TOLERANCE_MS, type HubMoment, type Pack, SKEW_MAX_MS } from '@commonworks/core';
import { sql } from 'kysely';
import type { Db } from '../database.ts';
import type { LogRecord } from '../metering/log-listener.ts';
import { currentSkew, type Skew } from './edge-clocks.ts';
import type { UnalignedClock } from './schema.ts';

/** What the workshop knows of clocks; absent where all go by one clock, as in a demo. */
export type WorkshopTime = { readonly hub: () => HubMoment };

/** A clock that moved by more than this against elapsed time was set. */
const STEP_MS = 1000;

/**
 * Whether a skew is that of wall-clock stamps. An agent stamps by its wall clock only while its time service vouches for
 * it, or the hub found it right: the skew of a clock that was set wrong is told while times since boot are stamped, and
 * may still be the last one told when the first pack of the right clock comes.
 */
export function isOfStamps({ offsetMs, source }: Pick<Skew, 'offsetMs' | 'source'>): boolean {
  return offsetMs !== null && (source === 'system' || Math.abs(offsetMs) <= SKEW_MAX_MS);
}

export type AlignedPack = { readonly pack: Pack; readonly clock: UnalignedClock };

/**
 * Wall-clock stamps are shifted by the skew this agent measured in this life; times since boot were dated by the hub's
 * clock, unless the agent's time service dated them. Without a measurement the times stay the agent's, and say so.
 */
export async function alignPack(tx: Db, record: LogRecord, time: WorkshopTime | undefined): Promise<AlignedPack> {
  const { pack } = record;
  if (time === undefined) return { pack, clock: null };
  const skew = await currentSkew(tx, pack.edge);
  const isOfThisLife = skew !== null && skew.boot === pack.boot;
  const measuredMs = isOfThisLife && isOfStamps(skew) ? skew.offsetMs : null;
  const isDatedByHub = record.isByBoot === true && skew?.source !== 'system';
  if (isDatedByHub) return { pack, clock: await hubClock(tx, time) };
  const aligned = measuredMs === null ? null : shifted(pack, -measuredMs);
  if (aligned === null || isAhead(latestMs(aligned), time.hub())) return { pack, clock: pack.edge };
  return { pack: aligned, clock: await hubClock(tx, time) };
}

/** What was heard cannot have been later than now: then the skew is another clock's, and everything after would pass for older. */
function isAhead(timeMs: number, hub: HubMoment): boolean {
  return hub.isTrusted && timeMs > hub.nowMs + FUTURE_TOLERANCE_MS;
}

/** 0 for an empty pack. */
export function latestMs({ samples, events }: Pack): number {
  return [...samples, ...events].reduce((latest, { timeMs }) => Math.max(latest, timeMs), 0);
}

function shifted(pack: Pack, byMs: number): Pack {
  const shift = <T extends { readonly timeMs: number }>(item: T): T => ({
    ...item,
    timeMs: Math.round(item.timeMs + byMs),
  });
  return { ...pack, samples: pack.samples.map(shift), events: pack.events.map(shift) };
}

/** `hub` while the hub's own time is not known: what it stamps now is shifted when it is. */
export async function hubClock(tx: Db, time: WorkshopTime | undefined): Promise<UnalignedClock> {
  const hub = time?.hub();
  if (hub === undefined || hub.isTrusted) return null;
  await tx
    .insertInto('hub_era')
    .values({ id: 1, boot: hub.boot, origin_ms: Math.round(hub.nowMs - hub.upMs) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return 'hub';
}

/** Within a transaction: an agent's skew became known, for what it told before it was. Returns the machines touched. */
export async function alignEdge(tx: Db, of: { edge: string; offsetMs: number }, time: WorkshopTime): Promise<string[]> {
  const { edge, offsetMs } = of;
  const spans = tx.selectFrom('machine_activity').where('clock', '=', edge);
  const newest = await spans.select((select) => select.fn.max('to_ms').as('ms')).executeTakeFirst();
  if (isAhead((newest?.ms ?? 0) - offsetMs, time.hub())) return [];
  return await shiftTimes(tx, { clock: edge, byMs: -offsetMs, next: await hubClock(tx, time) });
}

/**
 * Within a transaction: follows the hub's clock while it is not trusted, and lets go of the marks when it is. Times of an
 * earlier life of the kernel cannot be shifted: their lengths are right, and they stay where they are.
 */
export async function alignHub(tx: Db, hub: HubMoment): Promise<string[]> {
  const era = await tx.selectFrom('hub_era').selectAll().executeTakeFirst();
  if (era === undefined) return [];
  const originMs = Math.round(hub.nowMs - hub.upMs);
  const byMs = era.boot === hub.boot ? originMs - era.origin_ms : 0;
  if (!hub.isTrusted) {
    if (era.boot === hub.boot && Math.abs(byMs) < STEP_MS) return [];
    await tx.updateTable('hub_era').set({ boot: hub.boot, origin_ms: originMs }).execute();
    return await shiftTimes(tx, { clock: 'hub', byMs, next: 'hub' });
  }
  await tx.deleteFrom('hub_era').execute();
  return await shiftTimes(tx, { clock: 'hub', byMs, next: null });
}

type Shift = { readonly clock: string; readonly byMs: number; readonly next: UnalignedClock };

async function shiftTimes(tx: Db, shift: Shift): Promise<string[]> {
  const machines = new Set([
    ...(await shiftActivities(tx, shift)),
    ...(await shiftWatches(tx, shift)),
    ...(await shiftSessions(tx, shift)),
  ]);
  return [...machines];
}

/** What an aligned neighbour covers already stays the neighbour's. */
async function shiftActivities(tx: Db, { clock, byMs, next }: Shift): Promise<string[]> {
  const rows = await tx.deleteFrom('machine_activity').where('clock', '=', clock).returningAll().execute();
  const ordered = rows.sort((a, b) => a.from_ms - b.from_ms);
  for (const row of ordered) {
    const span = { from_ms: row.from_ms + Math.round(byMs), to_ms: row.to_ms + Math.round(byMs) };
    const before = await tx
      .selectFrom('machine_activity')
      .select((select) => select.fn.max('to_ms').as('end_ms'))
      .where('machine', '=', row.machine)
      .where('from_ms', '<', span.to_ms)
      .executeTakeFirst();
    const fromMs = Math.max(span.from_ms, before?.end_ms ?? 0);
    if (fromMs >= span.to_ms) continue;
    await tx
      .insertInto('machine_activity')
      .values({ ...row, ...span, from_ms: fromMs, clock: next })
      .execute();
  }
  return rows.map((row) => row.machine);
}

async function shiftWatches(tx: Db, { clock, byMs, next }: Shift): Promise<string[]> {
  const by = Math.round(byMs);
  const rows = await tx
    .updateTable('machine_watch')
    .set((set) => ({
      time_ms: set('time_ms', '+', by),
      since_ms: set('since_ms', '+', by),
      register_ms: set('register_ms', '+', by),
      clock: next,
    }))
    .where('clock', '=', clock)
    .returning('machine')
    .execute();
  return rows.map((row) => row.machine);
}

async function shiftSessions(tx: Db, { clock, byMs, next }: Shift): Promise<string[]> {
  const by = Math.round(byMs);
  const start = sql<number>`start_ms + CASE WHEN start_clock = ${clock} THEN ${by} ELSE 0 END`;
  const end = sql<number>`end_ms + CASE WHEN end_clock = ${clock} THEN ${by} ELSE 0 END`;
  // In one statement: an end before its begin is refused by the table.
  const { rows } = await sql<{ machine: string }>`UPDATE session SET
      start_ms = ${start}, end_ms = CASE WHEN end_ms IS NULL THEN NULL ELSE max(${end}, ${start}) END,
      start_clock = CASE WHEN start_clock = ${clock} THEN ${next} ELSE start_clock END,
      end_clock = CASE WHEN end_clock = ${clock} THEN ${next} ELSE end_clock END
    WHERE start_clock = ${clock} OR end_clock = ${clock} RETURNING machine`.execute(tx);
  return rows.map((row) => row.machine);
}
