/** Where cursors leap: between the last entry of a generation and the first of the next there never was anything. */
import type { DatabaseSync } from 'node:sqlite';

/** No entry ever had a cursor in it; both ends included. */
export type Leap = { readonly from: number; readonly to: number };

/** Ascending. One look-up for each generation. */
export function cursorLeaps(db: DatabaseSync): Leap[] {
  const newest = db.prepare('SELECT max(cursor) AS cursor FROM pack WHERE cursor < ?');
  const hole = db.prepare('SELECT max(cursor) AS cursor FROM log_hole WHERE cursor < ?');
  const generations = db.prepare('SELECT first_cursor, last_cursor FROM log_generation ORDER BY generation').all();
  return generations.flatMap((row): Leap[] => {
    const first = Number(row['first_cursor']);
    const told = row['last_cursor'] ?? newest.get(first)?.['cursor'] ?? 0;
    const last = Math.max(Number(told), Number(hole.get(first)?.['cursor'] ?? 0));
    return first > last + 1 ? [{ from: last + 1, to: first - 1 }] : [];
  });
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
  const holes = db.prepare('SELECT count(*) AS n FROM log_hole WHERE cursor > ? AND cursor <= ?').get(after, head);
  return Math.max(0, cursors - Number(holes?.['n'] ?? 0));
}
