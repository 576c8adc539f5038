/** From a judged register to interval energy: exact at the edges that were read, estimated between, missing where nothing is known. */
import type { Mwh } from '../energy.ts';
import { invariant } from '../errors.ts';
import { type Quality, worstQuality } from '../quality.ts';
import type { Span } from '../time.ts';
import type { CounterPoint } from './counter-state.ts';
import { type EstimateMethod, flowedUntil, type GapRules, placeGap } from './place-gap.ts';
import type { Stall } from './stalls.ts';

/** One interval of one register. A null edge was neither read nor can be estimated. */
export type IntervalEnergy = {
  readonly startMs: number;
  /** The register at the interval's start and end; estimated from the two readings around it when not read. */
  readonly openingMwh: Mwh | null;
  readonly closingMwh: Mwh | null;
  /** Time of the reading that supports the edge: the edge itself when read there, else the last before (first after). */
  readonly openingMs: number | null;
  readonly closingMs: number | null;
  /** Null is not known, never zero. Not always closing - opening: a rollover or a reset may lie between. */
  readonly energyMwh: Mwh | null;
  /** Part of the interval's time, 0..100 %, that lies between believed readings at most one interval apart. */
  readonly coveragePct: number;
  readonly quality: Quality;
  /** How the energy was estimated; null when both edges were read, or nothing is known. */
  readonly method: EstimateMethod | null;
};

export type PlaceOptions = {
  readonly span: Span;
  readonly lengthMs: number;
  readonly gapRule: GapRules;
  readonly stalls: readonly Stall[];
};

/** Where the energy before a grid time ends; null where it is not known. */
export type Edge = {
  readonly timeMs: number;
  readonly registerMwh: Mwh;
  readonly cumulativeMwh: Mwh;
  readonly segment: number;
  readonly quality: Quality;
  readonly method: EstimateMethod | null;
  readonly beforeMs: number;
  readonly afterMs: number;
};

export type PlacedEnergy = {
  readonly span: Span;
  readonly lengthMs: number;
  readonly intervals: readonly IntervalEnergy[];
  /** One more than intervals: edge k opens interval k, edge k + 1 closes it. */
  readonly edges: readonly (Edge | null)[];
};

/** Eleven years of quarter hours: more than any history that is read at once. */
const INTERVALS_MAX = 400_000;

/**
 * @param points of one register, without those a slow register showed again.
 * @param options.span half-open, on the grid of `lengthMs`.
 */
export function deriveIntervals(points: readonly CounterPoint[], options: PlaceOptions): PlacedEnergy {
  const { span, lengthMs } = options;
  invariant(span.fromMs % lengthMs === 0 && span.toMs % lengthMs === 0, 'the span lies on the grid of intervals');
  const count = (span.toMs - span.fromMs) / lengthMs;
  invariant(count >= 0 && count <= INTERVALS_MAX, 'the span is not longer than a history');
  const edges = edgesOf(points, { ...options, count });
  const cover = createCoverage(points, lengthMs);
  const frozen = options.stalls.filter(({ kind }) => kind === 'frozen');
  const intervals = Array.from({ length: count }, (_, k) => {
    const startMs = span.fromMs + k * lengthMs;
    const endMs = startMs + lengthMs;
    const isFrozen = frozen.some(({ fromMs, toMs }) => fromMs < endMs && toMs > startMs);
    const isDoubted = options.stalls.some(
      ({ kind, fromMs, doubtMs, riseMs }) => doubtMs < endMs && (kind === 'doubtful' ? riseMs : fromMs) > startMs,
    );
    const between = { opening: edges[k] ?? null, closing: edges[k + 1] ?? null };
    return intervalBetween(startMs, between, { ...cover(startMs), isFrozen, isDoubted });
  });
  return { span, lengthMs, intervals, edges };
}

/** The edge at every grid time of the span, null where the register is not known there. */
function edgesOf(points: readonly CounterPoint[], options: PlaceOptions & { count: number }): (Edge | null)[] {
  const edges: (Edge | null)[] = [];
  let next = 0;
  for (let k = 0; k <= options.count; k++) {
    const timeMs = options.span.fromMs + k * options.lengthMs;
    while (next < points.length && (points[next] as CounterPoint).timeMs < timeMs) next++;
    const after = points[next];
    const before = points[next - 1];
    if (after?.timeMs === timeMs) edges.push({ ...after, method: null, beforeMs: timeMs, afterMs: timeMs });
    else edges.push(before && after ? estimateEdge(timeMs, { before, after }, options) : null);
  }
  return edges;
}

function estimateEdge(
  timeMs: number,
  gap: { before: CounterPoint; after: CounterPoint },
  { gapRule, lengthMs }: PlaceOptions,
): Edge | null {
  const placement = placeGap(gap, gapRule, lengthMs);
  if (placement === null) return null;
  const { before, after } = gap;
  const part = flowedUntil(gap, placement, timeMs);
  const modulus = after.step === 'rollover' ? after.modulusMwh : null;
  const register = before.registerMwh + part;
  return {
    timeMs,
    registerMwh: modulus !== null && register >= modulus ? register - modulus : register,
    cumulativeMwh: before.cumulativeMwh + part,
    segment: before.segment,
    quality: 'estimated',
    method: placement.method,
    beforeMs: before.timeMs,
    afterMs: after.timeMs,
  };
}

function intervalBetween(
  startMs: number,
  { opening, closing }: { opening: Edge | null; closing: Edge | null },
  seen: Cover & { isFrozen: boolean; isDoubted: boolean },
): IntervalEnergy {
  const isKnown = opening !== null && closing !== null && opening.segment === closing.segment && !seen.isFrozen;
  const qualities: Quality[] = [opening?.quality ?? 'missing', closing?.quality ?? 'missing'];
  if (seen.hasReset || seen.isDoubted) qualities.push('estimated');
  return {
    startMs,
    openingMwh: opening?.registerMwh ?? null,
    closingMwh: closing?.registerMwh ?? null,
    openingMs: opening?.beforeMs ?? null,
    closingMs: closing?.afterMs ?? null,
    energyMwh: isKnown ? closing.cumulativeMwh - opening.cumulativeMwh : null,
    coveragePct: seen.pct,
    quality: isKnown ? worstQuality(qualities) : seen.isFrozen ? 'implausible' : 'missing',
    method: isKnown ? methodOf([opening.method, closing.method], seen.hasReset) : null,
  };
}

/** What shaped the interval most: a restart within, then the method of a gap, then a near reading. */
function methodOf(edges: readonly (EstimateMethod | null)[], hasReset: boolean): EstimateMethod | null {
  if (hasReset) return 'restart';
  return edges.find((method) => method !== null && method !== 'interpolated') ?? edges.find(Boolean) ?? null;
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
