/** Follows the broker's log for ever: a page at a time, a bad record set aside, a failing disk waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError, isCoded, type LogPage } from '@commonworks/core';
import type { Db } from '../database.ts';
import type { LogListener, Notice } from './log-listener.ts';
import { metredCursor, moveCursor, type PageOutcome, processPage } from './process-page.ts';

export type ReadLogPage = (after: number, waitMs: number) => Promise<LogPage>;

export type FollowEvents = {
  /** Before each look at the log, at least every ten seconds. */
  readonly onTurn?: () => Promise<void>;
  /** After each committed page. `head` is the newest cursor of the log. */
  readonly onPage: (page: PageOutcome & { cursor: number; head: number }) => Promise<void>;
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
    /** First pause after a fault; it doubles up to ten seconds. */
    readonly retryMinMs?: number;
  },
  signal: AbortSignal,
): Promise<void> {
  let cursor = await metredCursor(db);
  const retryMinMs = port.retryMinMs ?? RETRY_MIN_MS;
  let retryMs = retryMinMs;
  let isFaulty = false;
  while (!signal.aborted) {
    try {
      await port.events.onTurn?.();
      const page = await port.readPage(cursor, WAIT_MS);
      const outcome =
        page.entries.length === 0 ? null : await port.inTurn(() => processOrSplit(db, page, port.listeners));
      if (isFaulty) port.events.onFault(null);
      isFaulty = false;
      retryMs = retryMinMs;
      if (outcome === null) continue;
      cursor = page.next;
      for (const fault of outcome.faults) port.events.onFault(fault);
      await port.events.onPage({ ...outcome, cursor, head: page.head });
    } catch (error) {
      if (signal.aborted) return;
      if (!isFaulty) port.events.onFault(faultOf(error));
      isFaulty = true;
      await sleep(retryMs, undefined, { signal }).catch(() => {});
      retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
    }
  }
}

function faultOf(error: unknown): CodedError {
  if (isCoded(error)) return error;
  return new CodedError('community.database-unusable', String(error), { cause: error });
}

/** A page that fails is tried record by record: the one at fault is passed over and named, the rest goes through. */
async function processOrSplit(
  db: Db,
  page: LogPage,
  listeners: readonly LogListener[],
): Promise<PageOutcome & { faults: CodedError[] }> {
  try {
    return { ...(await processPage(db, page, listeners)), faults: [] };
  } catch (error) {
    if (isDatabaseFault(error)) throw error;
  }
  const faults: CodedError[] = [];
  const notices: Notice[] = [];
  const changedStarts: number[] = [];
  for (const entry of page.entries) {
    try {
      const outcome = await processPage(db, { entries: [entry], next: entry.cursor }, listeners);
      notices.push(...outcome.notices);
      changedStarts.push(...outcome.changedStarts);
    } catch (error) {
      if (isDatabaseFault(error)) throw error;
      await db.transaction().execute((tx) => moveCursor(tx, entry.cursor));
      const message = `cursor ${entry.cursor} of edge ${entry.edge}: ${String(error)}`;
      faults.push(new CodedError('community.record-refused', message, { cause: error }));
    }
  }
  await db.transaction().execute((tx) => moveCursor(tx, page.next));
  return { notices, changedStarts, faults };
}

/** Full disk, locked or broken file: the record is not to blame. A constraint is: code 19 (SQLITE_CONSTRAINT). */
function isDatabaseFault(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && (Number(errcode) & 0xff) !== 19;
}
