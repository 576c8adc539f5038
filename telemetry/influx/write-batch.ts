/** One batch into one database: what it refuses is narrowed down by halving, all the rest is written. */
import type { InfluxPoint } from './points.ts';
import type { WriteOutcome, WritePoints } from './write-outcome.ts';

/** Points that a database refused, with its words; more than one when the budget of requests was spent. */
export type RefusedPoints = { readonly points: readonly InfluxPoint[]; readonly reason: string };

export type BatchResult =
  | { readonly kind: 'done'; readonly written: number; readonly refused: readonly RefusedPoints[] }
  /** Nothing may be concluded: the whole batch again (a point written twice is the same point). */
  | Extract<WriteOutcome, { kind: 'wait' }>;

export async function writeBatch(
  points: readonly InfluxPoint[],
  write: WritePoints,
  limits: { readonly pointsMax: number; readonly bisectionsMax: number },
): Promise<BatchResult> {
  const refused: RefusedPoints[] = [];
  let written = 0;
  let bisections = 0;
  const open = slices(points, limits.pointsMax);
  // Ends: every round takes one slice off, and puts back two halves only while the budget lasts.
  for (let slice = open.pop(); slice !== undefined; slice = open.pop()) {
    const outcome = await write(slice);
    if (outcome.kind === 'wait') return outcome;
    if (outcome.kind === 'written') {
      written += slice.length;
    } else if (slice.length > 1 && bisections < limits.bisectionsMax) {
      bisections++;
      const middle = Math.ceil(slice.length / 2);
      open.push(slice.slice(middle), slice.slice(0, middle));
    } else {
      refused.push({ points: slice, reason: outcome.message });
    }
  }
  return { kind: 'done', written, refused };
}

/** Slices in reverse, so that the oldest is taken from the end first. */
function slices(points: readonly InfluxPoint[], size: number): InfluxPoint[][] {
  const parts: InfluxPoint[][] = [];
  for (let from = 0; from < points.length; from += size) parts.unshift(points.slice(from, from + size));
  return parts;
}
