/** Which log this is, and in which generation: so that an older file put back, a lost one or a copy is seen by all who follow it. */
import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { CodedError, uuidV7 } from '@commonworks/core';

export const GENERATION_CAUSES = ['created', 'restored', 'rolled-back', 'repaired'] as const;
export type GenerationCause = (typeof GENERATION_CAUSES)[number];

/**
 * Generation N+1 begins when the log is no longer what somebody may have read of it. Entries up to `afterCursor` are those
 * of the generation before; new ones get cursors from `firstCursor` on, beyond any that was ever given out.
 */
export type Generation = {
  readonly generation: number;
  readonly sinceMs: number;
  readonly cause: GenerationCause;
  readonly afterCursor: number;
  readonly firstCursor: number;
};

export type RaiseGeneration = {
  readonly cause: GenerationCause;
  readonly nowMs: number;
  /** The newest cursor anybody is known to have seen. */
  readonly seenCursor: number;
  /** Up to here nothing has changed; absent: up to the newest entry there is. */
  readonly afterCursor?: number | undefined;
  /** The highest generation known elsewhere, of a replaced file or to a follower: a number is never given twice. */
  readonly aboveGeneration?: number | undefined;
};

/** How far beyond the newest cursor known a new generation begins: what was given out last may be known to nobody here. */
export const CURSOR_STRIDE = 1_000_000;

export class LogIdentity {
  readonly #db: DatabaseSync;
  readonly log: string;
  #current: Generation;

  /** On a database that was migrated; a log without a name gets one. */
  constructor(db: DatabaseSync, nowMs: number) {
    this.#db = db;
    this.log = nameOf(db, nowMs);
    this.#current = currentGeneration(db);
  }

  get current(): Generation {
    return this.#current;
  }

  /** In one transaction of its own, or within the caller's. */
  raise(to: RaiseGeneration): Generation {
    this.#current = raiseGeneration(this.#db, to);
    return this.#current;
  }

  /** Up to which cursor the log is what it was in `generation`; null for one this log never had. */
  commonSince(generation: number): number | null {
    const { isKnown, after } = this.#db
      .prepare(
        `SELECT EXISTS (SELECT 1 FROM log_generation WHERE generation = ?1) AS isKnown,
           (SELECT min(after_cursor) FROM log_generation WHERE generation > ?1) AS after`,
      )
      .get(generation) as { isKnown: number; after: number | null };
    return isKnown === 1 ? (after ?? Number.MAX_SAFE_INTEGER) : null;
  }
}

/** Also for a file that nobody has open: a backup that is put back. */
export function raiseGeneration(
  db: DatabaseSync,
  { cause, nowMs, seenCursor, afterCursor, aboveGeneration = 0 }: RaiseGeneration,
): Generation {
  nameOf(db, nowMs);
  const before = currentGeneration(db);
  const newest = newestCursor(db);
  const head = Math.max(newest, before.firstCursor - 1);
  const next = {
    generation: Math.max(before.generation, aboveGeneration) + 1,
    sinceMs: Math.trunc(nowMs),
    cause,
    afterCursor: Math.min(afterCursor ?? newest, newest),
    firstCursor: Math.max(head, seenCursor) + CURSOR_STRIDE,
  };
  insertGeneration(db, next, newest);
  return next;
}

/** @throws CodedError `telemetry.log-damaged` */
export function currentGeneration(db: DatabaseSync): Generation {
  const newest = newestGeneration(db);
  if (newest === null) throw new CodedError('telemetry.log-damaged', 'the generations of the log are damaged');
  return newest;
}

/** Null when there is none, or one that cannot be. */
export function newestGeneration(db: DatabaseSync): Generation | null {
  const row = db.prepare('SELECT * FROM log_generation ORDER BY generation DESC LIMIT 1').get() ?? {};
  const cause = GENERATION_CAUSES.find((one) => one === row['cause']);
  const [generation, sinceMs, afterCursor, firstCursor] = [
    row['generation'],
    row['since_ms'],
    row['after_cursor'],
    row['first_cursor'],
  ].map(Number) as [number, number, number, number];
  const isWhole = [generation, sinceMs, afterCursor, firstCursor].every(Number.isSafeInteger);
  return cause === undefined || !isWhole ? null : { generation, sinceMs, cause, afterCursor, firstCursor };
}

function nameOf(db: DatabaseSync, nowMs: number): string {
  const known = db.prepare('SELECT log FROM log_identity').get();
  if (known !== undefined) return String(known['log']);
  const log = uuidV7(Math.trunc(nowMs), randomBytes(10));
  db.prepare('INSERT INTO log_identity VALUES (1, ?)').run(log);
  const first = {
    generation: 1,
    sinceMs: Math.trunc(nowMs),
    cause: 'created',
    afterCursor: 0,
    firstCursor: 1,
  } as const;
  insertGeneration(db, first, 0);
  return log;
}

export function newestCursor(db: DatabaseSync): number {
  return Number(db.prepare('SELECT max(cursor) AS head FROM pack').get()?.['head'] ?? 0);
}

function insertGeneration(
  db: DatabaseSync,
  { generation, sinceMs, cause, afterCursor, firstCursor }: Generation,
  lastCursor: number,
): void {
  db.prepare(
    'INSERT INTO log_generation (generation, since_ms, cause, after_cursor, first_cursor, last_cursor) VALUES (?, ?, ?, ?, ?, ?)',
  ).run(generation, sinceMs, cause, afterCursor, firstCursor, lastCursor);
}
