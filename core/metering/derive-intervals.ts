/** From a judged register to interval energy: exact at the edges that were read, missing where nothing is known. */
import type { Mwh } from '../energy.ts';
import { invariant } from '../errors.ts';
import { type Quality, worstQuality } from '../quality.ts';
import type { Span } from '../time.ts';
import { type CounterPoint, type Judgement, judgeCounter } from './judge-counter.ts';
import type { CounterFacts, RegisterSample } from './register-sample.ts';

/** One interval of one register. A null edge was neither read nor lies between two near readings. */
export type IntervalEnergy = {
  readonly startMs: number;
  /** The register at the interval's start and end; interpolated between the two readings around it when not read. */
  readonly openingMwh: Mwh | null;
  readonly closingMwh: Mwh | null;
  /** Time of the reading that supports the edge: the edge itself when read there, else the last before (first after). */
  readonly openingMs: number | null;
  readonly closingMs: number | null;
  /** Null is missing, never zero. Not always closing - opening: a rollover or a reset may lie between. */
  readonly energyMwh: Mwh | null;
  /** Part of the interval's time, 0..100 %, that lies between believed readings at most one interval apart. */
  readonly coveragePct: number;
  readonly quality: Quality;
};

/** Energy that flowed, measured by its two ends, but cannot be placed in the intervals between. */
export type UnplacedEnergy = { readonly fromMs: number; readonly toMs: number; readonly energyMwh: Mwh };

export type DerivedIntervals = {
  readonly intervals: readonly IntervalEnergy[];
  /** Intervals plus these add up to the energy between the first and the last known edge of the span. */
  readonly unplaced: readonly UnplacedEnergy[];
  /** Steps that were not plain rises, of all samples given. */
  readonly judgements: readonly Judgement[];
};

export type DeriveOptions = { readonly facts: CounterFacts; readonly span: Span; readonly lengthMs: number };

/** Samples this far before and after a span let the engine judge its edges as it would with the whole history. */
export const METERING_CONTEXT_MS = 6 * 3_600_000;

/** A year of 5-minute intervals and a little more; a longer span is derived in parts. */
const INTERVALS_MAX = 110_000;

/**
 * @param samples of one register, strictly ascending, best from `METERING_CONTEXT_MS` before the span to as much after.
 * @param options.span half-open, on the grid of `lengthMs`.
 */
export function deriveIntervals(samples: readonly RegisterSample[], options: DeriveOptions): DerivedIntervals {
  const { span, lengthMs, facts } = options;
  invariant(span.fromMs % lengthMs === 0 && span.toMs % lengthMs === 0, 'the span lies on the grid of intervals');
  const count = (span.toMs - span.fromMs) / lengthMs;
  invariant(count >= 0 && count <= INTERVALS_MAX, 'the span is not longer than a year');
  const { points, judgements } = judgeCounter(samples, facts);
  const edges = edgesOf(points, { ...options, count });
  const intervals: IntervalEnergy[] = [];
  const cover = createCoverage(points, lengthMs);
  for (let k = 0; k < count; k++) {
    const startMs = span.fromMs + k * lengthMs;
    const opening = edges[k] ?? null;
    const closing = edges[k + 1] ?? null;
    intervals.push(intervalBetween(startMs, { opening, closing }, cover(startMs)));
  }
  return { intervals, unplaced: unplacedBetween(edges, intervals), judgements };
}

type Edge = {
  readonly timeMs: number;
  readonly registerMwh: Mwh;
  readonly cumulativeMwh: Mwh;
  readonly segment: number;
  readonly quality: Quality;
  readonly beforeMs: number;
  readonly afterMs: number;
};

/** The edge at every grid time of the span, null where the register is not known there. */
function edgesOf(points: readonly CounterPoint[], options: DeriveOptions & { count: number }): (Edge | null)[] {
  const edges: (Edge | null)[] = [];
  let next = 0;
  for (let k = 0; k <= options.count; k++) {
    const timeMs = options.span.fromMs + k * options.lengthMs;
    while (next < points.length && (points[next] as CounterPoint).timeMs < timeMs) next++;
    const after = points[next];
    const before = points[next - 1];
    if (after?.timeMs === timeMs) edges.push({ ...after, beforeMs: timeMs, afterMs: timeMs });
    else edges.push(before && after ? interpolate(timeMs, { before, after }, options) : null);
  }
  return edges;
}

/** Linear between two neighbours at most one interval apart; not across a reset or a swap, whose moment nobody knows. */
function interpolate(
  timeMs: number,
  { before, after }: { before: CounterPoint; after: CounterPoint },
  { lengthMs }: DeriveOptions,
): Edge | null {
  const elapsedMs = after.timeMs - before.timeMs;
  if (elapsedMs > lengthMs || after.step === 'reset' || after.segment !== before.segment) return null;
  const flowed = after.cumulativeMwh - before.cumulativeMwh;
  const part = Math.round((flowed * (timeMs - before.timeMs)) / elapsedMs);
  const modulus = after.step === 'rollover' ? after.modulusMwh : null;
  const register = before.registerMwh + part;
  return {
    timeMs,
    registerMwh: modulus !== null && register >= modulus ? register - modulus : register,
    cumulativeMwh: before.cumulativeMwh + part,
    segment: before.segment,
    quality: 'estimated',
    beforeMs: before.timeMs,
    afterMs: after.timeMs,
  };
}

function intervalBetween(
  startMs: number,
  { opening, closing }: { opening: Edge | null; closing: Edge | null },
  cover: Cover,
): IntervalEnergy {
  const isKnown = opening !== null && closing !== null && opening.segment === closing.segment;
  const qualities: Quality[] = [opening?.quality ?? 'missing', closing?.quality ?? 'missing'];
  if (cover.hasReset) qualities.push('estimated');
  return {
    startMs,
    openingMwh: opening?.registerMwh ?? null,
    closingMwh: closing?.registerMwh ?? null,
    openingMs: opening?.beforeMs ?? null,
    closingMs: closing?.afterMs ?? null,
    energyMwh: isKnown ? closing.cumulativeMwh - opening.cumulativeMwh : null,
    coveragePct: cover.pct,
    quality: isKnown ? worstQuality(qualities) : 'missing',
  };
}

type Cover = { readonly pct: number; readonly hasReset: boolean };

/** Asked with rising starts, it walks the points once. */
function createCoverage(points: readonly CounterPoint[], lengthMs: number): (startMs: number) => Cover {
  let first = 1;
  return (startMs) => {
    const endMs = startMs + lengthMs;
    while (first < points.length && (points[first] as CounterPoint).timeMs <= startMs) first++;
    let coveredMs = 0;
    let hasReset = false;
    for (let i = first; i < points.length; i++) {
      const before = points[i - 1] as CounterPoint;
      const after = points[i] as CounterPoint;
      if (before.timeMs >= endMs) break;
      if (after.step === 'reset') hasReset = true;
      if (after.segment !== before.segment || after.timeMs - before.timeMs > lengthMs) continue;
      coveredMs += Math.min(after.timeMs, endMs) - Math.max(before.timeMs, startMs);
    }
    return { pct: Math.round((coveredMs * 10_000) / lengthMs) / 100, hasReset };
  };
}

/** Between two known edges of one segment with missing intervals between, the register still says what flowed. */
function unplacedBetween(edges: readonly (Edge | null)[], intervals: readonly IntervalEnergy[]): UnplacedEnergy[] {
  const unplaced: UnplacedEnergy[] = [];
  let last: Edge | null = null;
  for (const [k, edge] of edges.entries()) {
    if (edge === null) continue;
    const isAfterGap = k > 0 && intervals[k - 1]?.energyMwh === null;
    if (last !== null && isAfterGap && last.segment === edge.segment) {
      unplaced.push({ fromMs: last.timeMs, toMs: edge.timeMs, energyMwh: edge.cumulativeMwh - last.cumulativeMwh });
    }
    last = edge;
  }
  return unplaced;
}
