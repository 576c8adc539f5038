/** Judges again what waited for the hub's time, when that became known or was set: before anything new is read. */
import { type HubMoment, isCoded, type LogEntry } from '@commonworks/core';
import type { Db } from '../database.ts';
import type { InTurn, ReadLogPage, SplitOutcome } from './follow-log.ts';
import type { PendingReason } from './pending-packs.ts';
import type { PlacePage } from './place-entries.ts';

/** Packs in one transaction. */
const JUDGED_MAX = 200;
/** A clock that moved by more than this against elapsed time was set. */
const STEP_MS = 1000;

type Port = {
  readonly readPage: ReadLogPage;
  readonly inTurn: InTurn;
  readonly hub?: () => HubMoment;
  readonly process: (page: PlacePage & { readonly next: number }) => Promise<SplitOutcome>;
};

/** Returns what to call before each look at the log; it looks through what waits at the first call and at each change. */
export function createJudgeWaiting(db: Db, port: Port): () => Promise<SplitOutcome[]> {
  let known: HubMoment | null = null;

  async function judge(reason: PendingReason, hub: HubMoment | undefined): Promise<SplitOutcome[]> {
    const outcomes: SplitOutcome[] = [];
    // Those of a log that is no more have cursors below zero.
    let after = Number.MIN_SAFE_INTEGER;
    for (;;) {
      const rows = await waitingPacks(db, { reason, after });
      if (rows.length === 0) return outcomes;
      const again = await withBodies(rows, port.readPage);
      outcomes.push(await port.inTurn(() => port.process({ entries: [], again, next: 0, hub })));
      after = rows.at(-1)?.cursor ?? Number.MAX_SAFE_INTEGER;
    }
  }

  return async () => {
    const hub = port.hub?.();
    const outcomes = await judge('fetch', hub);
    if (hub === undefined || (known !== null && !isChanged(known, hub))) return outcomes;
    outcomes.push(...(await judge('hub', hub)));
    // What was refused by a trusted clock is judged again by a trusted clock only.
    if (hub.isTrusted) outcomes.push(...(await judge('refused', hub)));
    known = hub;
    return outcomes;
  };
}

function isChanged(before: HubMoment, now: HubMoment): boolean {
  const movedMs = now.nowMs - now.upMs - (before.nowMs - before.upMs);
  return before.isTrusted !== now.isTrusted || Math.abs(movedMs) > STEP_MS;
}

type Row = { readonly cursor: number; readonly entry: string };

async function waitingPacks(db: Db, { reason, after }: { reason: PendingReason; after: number }): Promise<Row[]> {
  return await db
    .selectFrom('pending_pack')
    .select(['cursor', 'entry'])
    .where('reason', '=', reason)
    .where('cursor', '>', after)
    .orderBy('cursor')
    .limit(JUDGED_MAX)
    .execute();
}

/** What is not kept here whole is read from the log again. */
async function withBodies(rows: readonly Row[], readPage: ReadLogPage): Promise<LogEntry[]> {
  const fetched = new Map<number, LogEntry>();
  const entries: LogEntry[] = [];
  for (const { cursor, entry } of rows) {
    if (entry === '' && !fetched.has(cursor)) {
      for (const one of await entriesAfter(cursor - 1, readPage)) fetched.set(one.cursor, one);
    }
    const whole = entry === '' ? fetched.get(cursor) : (JSON.parse(entry) as LogEntry);
    if (whole !== undefined) entries.push(whole);
  }
  return entries;
}

/** None when the log proves to be another: the next look at it tells. */
async function entriesAfter(cursor: number, readPage: ReadLogPage): Promise<readonly LogEntry[]> {
  try {
    return (await readPage(cursor, 0)).entries;
  } catch (error) {
    if (isCoded(error, 'broker.log-changed')) return [];
    throw error;
  }
}
