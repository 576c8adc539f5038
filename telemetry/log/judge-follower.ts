/** Whether the log is what a follower has read of it, and up to where. */
import type { DatabaseSync } from 'node:sqlite';
import type { LogChanged, LogEntry, LogHole, LogPage } from '@commonworks/core';
import { LogIdentity, newestCursor } from './log-identity.ts';
import { type LogAsk, readLog } from './read-log.ts';
import { isDamage, ROW_COLUMNS, readRow, rowCheck, sourceReader } from './row-check.ts';

/** What a follower knows of the log: its name and generation, and the hash of the last entry it took, at `after`. */
export type FollowerPlace = {
  readonly after: number;
  readonly log?: string | undefined;
  readonly generation?: number | undefined;
  readonly hash?: string | undefined;
};

/** `isNews`: the follower has seen what this log does not know of itself: it is an older copy, or another branch. */
export type FollowerChange = { readonly commonCursor: number; readonly isNews: boolean };

/**
 * Null when it goes on. What a follower has seen beyond or beside this log proves no common part, since entries may have
 * been added meanwhile under cursors that were given out before: it begins anew, and takes what it never took.
 */
export function judgeFollower(db: DatabaseSync, place: FollowerPlace, head: number): FollowerChange | null {
  const { after, log, generation, hash } = place;
  const isNamed = log !== undefined && generation !== undefined;
  if (isNamed) {
    const own = new LogIdentity(db, 0);
    if (log !== own.log) return { commonCursor: 0, isNews: false };
    if (generation !== own.current.generation) {
      const common = own.commonSince(generation);
      const isNews = generation > own.current.generation;
      return { commonCursor: Math.min(common ?? 0, newestCursor(db)), isNews };
    }
  }
  if (after > head) return { commonCursor: isNamed ? 0 : head, isNews: isNamed };
  if (hash === undefined || after === 0) return null;
  const held = hashAt(db, after);
  if (held === 'damaged' || held === hash) return null;
  return { commonCursor: 0, isNews: isNamed };
}

/** `hash` is of its body; `proof` of all of its row, both hex: the same pack that came at another moment has another. */
export type StandingEntry = { readonly hash: string; readonly proof: string };

/** `damaged` where an entry stood, null where there is none. */
export function entryAt(db: DatabaseSync, cursor: number): StandingEntry | 'damaged' | null {
  const select = `SELECT ${ROW_COLUMNS} FROM pack WHERE cursor = ?`;
  try {
    const row = db.prepare(select).get(cursor);
    if (row !== undefined) {
      const verdict = readRow(row, sourceReader(db));
      return verdict.ok ? { hash: verdict.entry.hash, proof: proofOf(verdict.entry) } : 'damaged';
    }
    const hole = 'SELECT 1 FROM log_hole WHERE cursor = ?1 OR (to_cursor >= ?1 AND cursor < ?1)';
    return db.prepare(hole).get(cursor) !== undefined ? 'damaged' : null;
  } catch (error) {
    if (isDamage(error)) return 'damaged';
    throw error;
  }
}

function proofOf(entry: LogEntry): string {
  const { isHubTrusted = true, hash } = entry;
  return rowCheck({ ...entry, isHubTrusted, hash: Buffer.from(hash, 'hex') }).toString('hex');
}

/** Hex; `damaged` where an entry stood, null where there is none. */
export function hashAt(db: DatabaseSync, cursor: number): string | 'damaged' | null {
  const entry = entryAt(db, cursor);
  return entry === null || entry === 'damaged' ? entry : entry.hash;
}

export type LogAnswer =
  | { readonly kind: 'page'; readonly page: LogPage; readonly found: readonly LogHole[] }
  | { readonly kind: 'changed'; readonly changed: Omit<LogChanged, 'code'>; readonly isNews: boolean };

/** What a follower gets: the next page, or word that the log is another; all of it of one moment. */
export function answerFollower(db: DatabaseSync, ask: FollowerPlace & LogAsk & { readonly head: number }): LogAnswer {
  db.exec('BEGIN');
  try {
    const identity = new LogIdentity(db, 0);
    const { generation } = identity.current;
    const own = { log: identity.log, generation };
    const change = judgeFollower(db, ask, ask.head);
    if (change !== null) {
      const { commonCursor, isNews } = change;
      return { kind: 'changed', changed: { ...own, commonCursor }, isNews };
    }
    const { found, ...read } = readLog(db, ask);
    return { kind: 'page', page: { ...own, ...read, head: ask.head }, found };
  } finally {
    endReading(db);
  }
}

/** A statement that met damage makes SQLite say so once more when its transaction ends. */
function endReading(db: DatabaseSync): void {
  try {
    db.exec('ROLLBACK');
  } catch (error) {
    if (!isDamage(error) || db.isTransaction) throw error;
  }
}
