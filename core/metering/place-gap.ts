/** Where the energy of a gap goes: between two readings further apart than an interval the register says how much, not when. */
import type { Mwh } from '../energy.ts';
import type { Span } from '../time.ts';
import type { CounterPoint } from './counter-state.ts';

/** How a community places the energy of a gap; every interval that gets some is estimated, and says by which method. */
export const GAP_METHODS = ['flat', 'day-before', 'load-curve', 'unplaced'] as const;
export type GapMethod = (typeof GAP_METHODS)[number];

/** How an interval's energy came to be where it was not read at both edges. */
export const ESTIMATE_METHODS = ['interpolated', 'flat', 'day-before', 'load-curve', 'restart'] as const;
export type EstimateMethod = (typeof ESTIMATE_METHODS)[number];

export type GapRule = {
  readonly method: GapMethod;
  /** The shape to follow: what was used in the interval that begins then, null where that is not known. Flat does not ask. */
  readonly weightAt?: (startMs: number) => number | null;
};

/** Which rule a gap between two readings goes by. */
export type GapRules = (gap: Span) => GapRule;

export const FLAT_GAPS: GapRules = () => ({ method: 'flat' });

/** A gap longer than this is nobody's estimate: its energy stays unplaced until a person decides. */
export const GAP_MAX_MS = 45 * 86_400_000;

export type Placement = {
  readonly method: 'interpolated' | 'flat' | 'day-before' | 'load-curve';
  /** The part of the gap's energy that flowed before then: 0 at its beginning, 1 at its end, never falling. */
  readonly partAt: (timeMs: number) => number;
};

type Gap = { readonly before: CounterPoint; readonly after: CounterPoint };

/** Null where the energy cannot be placed: no rule for it, too long, or the moment within is unknown as at a restart. */
export function placeGap({ before, after }: Gap, ruleOf: GapRules, lengthMs: number): Placement | null {
  if (after.segment !== before.segment || after.step === 'reset') return null;
  const elapsedMs = after.timeMs - before.timeMs;
  const flatAt = (timeMs: number) => (timeMs - before.timeMs) / elapsedMs;
  if (elapsedMs <= lengthMs) return { method: 'interpolated', partAt: flatAt };
  const rule = ruleOf({ fromMs: before.timeMs, toMs: after.timeMs });
  if (rule.method === 'unplaced' || elapsedMs > GAP_MAX_MS) return null;
  if (rule.method === 'flat' || rule.weightAt === undefined) return { method: 'flat', partAt: flatAt };
  const shape = shapeOf({ fromMs: before.timeMs, toMs: after.timeMs, lengthMs }, rule.weightAt);
  return shape === null ? { method: 'flat', partAt: flatAt } : { method: rule.method, partAt: shape };
}

/** Null when the shape is not known over the whole gap, or is nothing. */
function shapeOf(
  gap: { fromMs: number; toMs: number; lengthMs: number },
  weightAt: (startMs: number) => number | null,
): ((timeMs: number) => number) | null {
  const { fromMs, toMs, lengthMs } = gap;
  const firstMs = Math.floor(fromMs / lengthMs) * lengthMs;
  const sums = [0];
  for (let startMs = firstMs; startMs < toMs; startMs += lengthMs) {
    const weight = weightAt(startMs);
    if (weight === null) return null;
    const overlapMs = Math.min(startMs + lengthMs, toMs) - Math.max(startMs, fromMs);
    sums.push((sums.at(-1) ?? 0) + (weight * overlapMs) / lengthMs);
  }
  const total = sums.at(-1) ?? 0;
  if (total <= 0) return null;
  return (timeMs) => {
    const cell = Math.floor((timeMs - firstMs) / lengthMs);
    const startMs = firstMs + cell * lengthMs;
    const cellFromMs = Math.max(startMs, fromMs);
    const cellToMs = Math.min(startMs + lengthMs, toMs);
    const [below = 0, above = below] = sums.slice(cell, cell + 2);
    const within = cellToMs === cellFromMs ? 0 : (timeMs - cellFromMs) / (cellToMs - cellFromMs);
    return (below + (above - below) * within) / total;
  };
}

/** The energy of a gap that flowed before then, whole mWh. */
export function flowedUntil({ before, after }: Gap, placement: Placement, timeMs: number): Mwh {
  return Math.round((after.cumulativeMwh - before.cumulativeMwh) * placement.partAt(timeMs));
}
