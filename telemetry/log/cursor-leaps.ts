/** Where cursors leap: between the last entry of a generation and the first of the next there never was anything. */
import type { DatabaseSync } from 'node:sqlite';
import { unlessDamaged } from './row-check.ts';

/** No entry ever had a cursor in it; both ends included. */
export type Leap = { readonly from: number; readonly to: number };

/** Ascending. One look-up for each generation. What cannot be read is no leap: then there may be a hole. */
export function cursorLeaps(db: DatabaseSync): Leap[] {
  const generations = 'SELECT first_cursor, last_cursor FROM log_generation ORDER BY generation';
  const leaps: Leap[] = [];
  for (const row of unlessDamaged(() => db.prepare(generations).iterate())) {
    const first = Number(row['first_cursor']);
    const told = row['last_cursor'] ?? newestBelow(db, 'pack', first);
    const last = Math.max(Number(told), newestBelow(db, 'log_hole', first), rangeBelow(db, first));
    if (first > last + 1) leaps.push({ from: last + 1, to: first - 1 });
  }
  return leaps;
}

function newestBelow(db: DatabaseSync, table: 'pack' | 'log_hole', cursor: number): number {
  const newest = db.prepare(`SELECT max(cursor) AS cursor FROM ${table} WHERE cursor < ?`);
  const [row] = [...unlessDamaged(() => newest.iterate(cursor))];
  return Number(row?.['cursor'] ?? 0);
}

function rangeBelow(db: DatabaseSync, cursor: number): number {
  const newest = db.prepare('SELECT max(to_cursor) AS cursor FROM log_hole WHERE to_cursor < ?');
  const [row] = [...unlessDamaged(() => newest.iterate(cursor))];
  return Number(row?.['cursor'] ?? 0);
}

/** What remains of a span of cursors (both ends included) without the leaps. */
export function withoutLeaps(span: Leap, leaps: readonly Leap[]): Leap[] {
  let rest: Leap[] = span.from <= span.to ? [span] : [];
  for (const leap of leaps) {
    rest = rest.flatMap(({ from, to }) =>
      [
        { from, to: Math.min(to, leap.from - 1) },
        { from: Math.max(from, leap.to + 1), to },
      ].filter((part) => part.from <= part.to),
    );
    if (rest.length === 0) break;
  }
  return rest;
}

/** How many entries there are after `after`, up to and including `head`: counted without looking at them. */
export function countBehind(db: DatabaseSync, { after, head }: { after: number; head: number }): number {
  if (head <= after) return 0;
  const spans = withoutLeaps({ from: after + 1, to: head }, cursorLeaps(db));
  const cursors = spans.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const single = 'SELECT count(*) AS n FROM log_hole WHERE cursor > ? AND cursor <= ? AND to_cursor IS NULL';
  const ranges = `SELECT sum(min(to_cursor, ?2) - max(cursor, ?1 + 1) + 1) AS n FROM log_hole
    WHERE to_cursor > ?1 AND cursor <= ?2`;
  const holes = [single, ranges].map((sql) => Number(db.prepare(sql).get(after, head)?.['n'] ?? 0));
  return Math.max(
    0,
    holes.reduce((rest, packs) => rest - packs, cursors),
  );
}
