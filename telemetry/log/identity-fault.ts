/** Whether the name and the generations of a log can be what was written: everybody who follows it rests on them. */
import type { DatabaseSync } from 'node:sqlite';
import { isUuid } from '@commonworks/core';
import { countBehind } from './cursor-leaps.ts';
import { CURSOR_STRIDE, GENERATION_CAUSES, newestCursor } from './log-identity.ts';
import { isDamage } from './row-check.ts';

type Row = Record<string, unknown>;

/** Null when they can. A log of an earlier version has neither: it is named when it is opened. */
export function identityFault(db: DatabaseSync): string | null {
  try {
    const names = db.prepare('SELECT log FROM log_identity').all();
    const generations = db.prepare('SELECT * FROM log_generation ORDER BY generation').all();
    if (names.length === 0 && generations.length === 0) return null;
    const log = names[0]?.['log'];
    if (names.length !== 1 || typeof log !== 'string' || !isUuid(log)) return 'the name of the log is damaged';
    const isWhole = generations.length > 0 && generations.every((row, k) => isGeneration(row, generations[k - 1]));
    if (!isWhole) return 'the generations of the log are damaged';
    return entriesFault(db, generations);
  } catch (error) {
    if (isDamage(error)) return String(error);
    throw error;
  }
}

/** Highest plausible number: it counts up by restores and minutes. */
export const GENERATION_MAX = 2 ** 40;

function isGeneration(row: Row, before: Row | undefined): boolean {
  const { generation, since_ms: sinceMs, cause, after_cursor: after, first_cursor: first, last_cursor: last } = row;
  if (!isWithin(generation, 1, GENERATION_MAX) || !isWithin(sinceMs, 0) || !isWithin(first, 1)) return false;
  if (!(GENERATION_CAUSES as readonly unknown[]).includes(cause) || !isWithin(after, 0, first - 1)) return false;
  return (last === null || isWithin(last, after, first - 1)) && first > Number(before?.['first_cursor'] ?? 0);
}

function isWithin(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}

/** No entry stands where cursors leapt; and where far more is missing than can be lost, a leap is not told. */
function entriesFault(db: DatabaseSync, generations: readonly Row[]): string | null {
  const between = db.prepare('SELECT 1 FROM pack WHERE cursor > ? AND cursor < ? LIMIT 1');
  for (const { first_cursor: first, last_cursor: last } of generations) {
    const isBetween = last !== null && between.get(Number(last), Number(first)) !== undefined;
    if (isBetween) return 'entries stand between two generations';
  }
  const expected = countBehind(db, { after: 0, head: newestCursor(db) });
  // Counted in the index; only a log of so many packs pays for it.
  if (expected < CURSOR_STRIDE - 1) return null;
  const count = Number(db.prepare('SELECT count(*) AS n FROM pack').get()?.['n']);
  return expected - count >= CURSOR_STRIDE - 1 ? 'a generation of the log is missing' : null;
}

/**
 * Generations in place of damaged ones, by the leaps between entries. Which entries an earlier generation shared with
 * which nobody can tell: none is said to be common.
 */
export function rebuildGenerations(db: DatabaseSync, nowMs: number): void {
  const cursors = 'SELECT cursor FROM pack UNION SELECT cursor FROM log_hole WHERE cursor IS NOT NULL';
  const leaps = db
    .prepare(
      `SELECT cursor, before FROM (SELECT cursor, lag(cursor, 1, 0) OVER (ORDER BY cursor) AS before FROM (${cursors}))
       WHERE cursor - before >= ? ORDER BY cursor`,
    )
    .all(CURSOR_STRIDE);
  const insert = db.prepare(
    `INSERT INTO log_generation (generation, since_ms, cause, after_cursor, first_cursor, last_cursor)
     SELECT max(generation) + 1, ?, 'repaired', 0, ?, ? FROM log_generation`,
  );
  for (const { cursor, before } of leaps) insert.run(Math.trunc(nowMs), Number(cursor), Number(before));
}
