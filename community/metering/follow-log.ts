/** Follows the broker's log for ever: a page at a time, a bad record set aside, a failing disk waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, CodedError, type HubMoment, isCoded, type LogEntry, type LogPage } from '@commonworks/core';
import { faultWords, isStorageFault } from '@commonworks/store/store-fault.ts';
import type { Db } from '../database.ts';
import { createJudgeWaiting } from './judge-waiting.ts';
import type { LogListener, Notice } from './log-listener.ts';
import { goBack, type LogPlace, logPlace, savePlace } from './log-place.ts';
import { type MeteredPage, metredCursor, moveCursor, type PageOutcome, processPage } from './process-page.ts';
import { changeOf } from './read-log-page.ts';
import { takeNew } from './taken-packs.ts';

export type SplitOutcome = PageOutcome & { readonly faults: readonly CodedError[] };

/** `place`: where the reader stands, so that it learns when the log is not what it has read. */
export type ReadLogPage = (after: number, waitMs: number, place?: LogPlace | null) => Promise<LogPage>;

export type FollowEvents = {
  /** Before each look at the log, at least every ten seconds. */
  readonly onTurn?: () => Promise<void>;
  /** After each committed page. `head` is the newest cursor of the log; `behind` entries come after `cursor`. */
  readonly onPage: (page: PageOutcome & { cursor: number; head: number; behind: number }) => Promise<void>;
  /** Transitions only: a fault that began, or null when it is over. */
  readonly onFault: (fault: CodedError | null) => void;
};

/** Runs work when nothing else that was given to it runs: a settlement must not see half of a page's changes. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}

const WAIT_MS = 10_000;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 10_000;

/** Resolves when the signal aborts. */
export async function followLog(
  db: Db,
  port: {
    readonly readPage: ReadLogPage;
    readonly listeners: readonly LogListener[];
    readonly events: FollowEvents;
    readonly inTurn: InTurn;
    /** The hub's clock; absent: what it stamps is right. */
    readonly hub?: () => HubMoment;
    /** When something was noticed; absent: the machine's clock. */
    readonly now?: Clock;
    /** First pause after a fault; it doubles up to ten seconds. */
    readonly retryMinMs?: number;
  },
  signal: AbortSignal,
): Promise<void> {
  let cursor = await metredCursor(db);
  const retryMinMs = port.retryMinMs ?? RETRY_MIN_MS;
  let retryMs = retryMinMs;
  let isFaulty = false;
  let behind = 0;
  const judgeWaiting = createJudgeWaiting(db, { ...port, process: (page) => processOrSplit(db, page, port.listeners) });
  while (!signal.aborted) {
    try {
      await port.events.onTurn?.();
      for (const outcome of await judgeWaiting()) {
        for (const fault of outcome.faults) port.events.onFault(fault);
        await port.events.onPage({ ...outcome, cursor, head: cursor, behind });
      }
      const read = await readOn(db, port, cursor);
      const page = typeof read === 'number' ? null : { ...read, place: placeAfter(read), hub: port.hub?.() };
      if (typeof read === 'number') cursor = read;
      const isNews = page !== null && page.next > cursor;
      const outcome = isNews ? await port.inTurn(() => processOrSplit(db, page, port.listeners)) : null;
      if (isFaulty) port.events.onFault(null);
      isFaulty = false;
      retryMs = retryMinMs;
      if (page === null || outcome === null) continue;
      cursor = page.next;
      behind = page.behind;
      for (const fault of outcome.faults) port.events.onFault(fault);
      await port.events.onPage({ ...outcome, cursor, head: page.head, behind });
    } catch (error) {
      if (signal.aborted) return;
      if (!isFaulty) port.events.onFault(faultOf(error));
      isFaulty = true;
      await sleep(retryMs, undefined, { signal }).catch(() => {});
      retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
    }
  }
}

/** The next page; or, when the log is not what was read of it, the cursor to go back to. */
async function readOn(
  db: Db,
  port: { readonly readPage: ReadLogPage; readonly inTurn: InTurn; readonly now?: Clock },
  cursor: number,
): Promise<LogPage | number> {
  try {
    return await port.readPage(cursor, WAIT_MS, await logPlace(db));
  } catch (error) {
    const changed = changeOf(error);
    if (changed === null) throw error;
    const nowMs = (port.now ?? Date.now)();
    return await port.inTurn(() => db.transaction().execute((tx) => goBack(tx, changed, nowMs)));
  }
}

function placeAfter({ log, generation, entries, next }: LogPage): LogPlace {
  const last = entries.at(-1);
  return { log, generation, hash: last?.cursor === next && last.hash !== '' ? last.hash : null };
}

function faultOf(error: unknown): CodedError {
  if (isCoded(error)) return error;
  const code = isStorageFault(error) ? 'community.database-unusable' : 'community.derivation-failed';
  return new CodedError(code, withFault(error), { cause: error });
}

function withFault(error: unknown): string {
  const words = faultWords(error);
  return words === null ? String(error) : `${String(error)} (${words})`;
}

/**
 * A page that fails is tried record by record: the one at fault is passed over and named, the rest goes through. Only what
 * the disk is to blame for is thrown: a wrong statement would be as wrong the next time, and would hold up everybody.
 */
async function processOrSplit(db: Db, page: MeteredPage, listeners: readonly LogListener[]): Promise<SplitOutcome> {
  try {
    return { ...(await processPage(db, page, listeners)), faults: [] };
  } catch (error) {
    if (isStorageFault(error)) throw error;
  }
  const faults: CodedError[] = [];
  const notices: Notice[] = [];
  const changedStarts: number[] = [];
  const { hub } = page;
  const parts = [
    ...(page.again ?? []).map((entry) => ({ entry, page: { hub, entries: [], again: [entry], next: 0 } })),
    ...page.entries.map((entry) => ({ entry, page: { hub, entries: [entry], next: entry.cursor } })),
  ];
  for (const { entry, page: part } of parts) {
    try {
      const outcome = await processPage(db, part, listeners);
      notices.push(...outcome.notices);
      changedStarts.push(...outcome.changedStarts);
    } catch (error) {
      if (isStorageFault(error)) throw error;
      await db.transaction().execute((tx) => passOver(tx, entry, part.next));
      const message = `cursor ${entry.cursor} of edge ${entry.edge}: ${withFault(error)}`;
      faults.push(new CodedError('community.record-refused', message, { cause: error }));
    }
  }
  if (page.next > 0) await db.transaction().execute((tx) => passTo(tx, page));
  return { notices, changedStarts, faults };
}

async function passTo(tx: Db, { next, place }: MeteredPage): Promise<void> {
  await moveCursor(tx, next);
  if (place !== undefined) await savePlace(tx, place);
}

async function passOver(tx: Db, entry: LogEntry, next: number): Promise<void> {
  if (next > 0) {
    await takeNew(tx, [entry]);
    await moveCursor(tx, next);
  } else await tx.deleteFrom('pending_pack').where('cursor', '=', entry.cursor).execute();
}
