/** One register from its readings to its intervals: judged, held against the power, placed, and accounted for. */
import type { Span } from '../time.ts';
import { type UnplacedEnergy, unplacedEnergy } from './account.ts';
import { type CounterPoint, type CounterState, FRESH_STATE } from './counter-state.ts';
import { deriveIntervals, type PlacedEnergy } from './derive-intervals.ts';
import { type Checkpoint, type JudgedCounter, type Judgement, judgeCounter } from './judge-counter.ts';
import type { GapRules } from './place-gap.ts';
import type { CounterFacts, PowerSpan, RegisterSample } from './register-sample.ts';
import { findStalls, type Stall, type Stalls } from './stalls.ts';

export type RegisterHistory = {
  /** All usable readings from a moment on, strictly ascending. */
  readonly samples: readonly RegisterSample[];
  /** What the walk over all readings before them ended with; absent when there are none before. */
  readonly from?: CounterState | undefined;
  /** Ascending, from before the time the register last changed in `from`. */
  readonly power: readonly PowerSpan[];
  /** Intervals that end by then are over; at least the time of the newest sample of the register. */
  readonly newestMs: number;
};

export type DeriveRules = { readonly facts: CounterFacts; readonly lengthMs: number; readonly gapRule: GapRules };

export type DerivedRegister = {
  readonly placed: PlacedEnergy;
  readonly unplaced: readonly UnplacedEnergy[];
  /** What stood in no interval up to then still does; what ended later is replaced by `unplaced`. */
  readonly unplacedFromMs: number;
  readonly points: readonly CounterPoint[];
  /** Of the samples given, ascending; what was judged of earlier ones holds. */
  readonly judgements: readonly Judgement[];
  /** States to go on from later, at the first sample of every interval that has one. */
  readonly checkpoints: readonly Checkpoint[];
};

/** Or the time a state to begin with must not be later than: these readings tell of more than was given. */
export type Derivation = { readonly done: DerivedRegister } | { readonly needsFromMs: number };

/** A law, tested on histories full of faults: from any state on, in any steps, this ends in the intervals of the whole history. */
export function deriveRegister(history: RegisterHistory, rules: DeriveRules): Derivation {
  const { samples, power } = history;
  const { facts, lengthMs, gapRule } = rules;
  const from = history.from ?? FRESH_STATE;
  const firstMs = samples[0]?.timeMs ?? Number.POSITIVE_INFINITY;
  const slotOf = (timeMs: number) => Math.floor(timeMs / lengthMs);
  const judged = judgeCounter(samples, facts, {
    from,
    keepBetween: (beforeMs, afterMs) => slotOf(beforeMs) !== slotOf(afterMs),
  });
  if (judged.needsFromMs !== null) return { needsFromMs: judged.needsFromMs };
  if (judged.changedFromMs < firstMs) return { needsFromMs: judged.changedFromMs };
  const { stalls, isFirstSuspect } = findStalls(judged.points, { power, facts, minMs: lengthMs });
  const isFresh = from.recent.length === 0;
  const open = stalls.filter((stall) => !isDecided(stall, judged.points, firstMs));
  const stalledMs = Math.min(...open.map(({ doubtMs }) => doubtMs));
  if (!isFresh && stalledMs < firstMs) return { needsFromMs: stalledMs };
  const points = judged.points.filter((point) => !isRepeat(point, stalls));
  const span = spanOf(points, { firstMs, newestMs: history.newestMs, stalls: open, lengthMs, isFresh });
  const wholeMs = Math.max(wholeFromMs(judged.points, { stalls, isFirstSuspect }), points[0]?.timeMs ?? 0);
  if (!isFresh && span.fromMs < wholeMs) return { needsFromMs: span.fromMs };
  const placed = deriveIntervals(points, { span, lengthMs, gapRule, stalls });
  const unplaced = unplacedEnergy(points, placed);
  const unplacedFromMs = points.find(({ timeMs }) => timeMs >= span.fromMs)?.timeMs ?? span.fromMs;
  const judgements = [...judged.judgements, ...stallJudgements(judged.points, open)];
  return {
    done: {
      ...{ placed, unplaced, unplacedFromMs, points, checkpoints: checkpointsOf(judged, stalls) },
      judgements: judgements.sort((a, b) => a.timeMs - b.timeMs),
    },
  };
}

function checkpointsOf({ checkpoints, points, reaches }: JudgedCounter, stalls: readonly Stall[]): Checkpoint[] {
  const stalled = stalls.map(({ doubtMs, toMs }) => {
    return { fromMs: doubtMs, atMs: points.find(({ timeMs }) => timeMs > toMs)?.timeMs ?? Number.POSITIVE_INFINITY };
  });
  const all = [...reaches, ...stalled];
  return checkpoints.map((checkpoint) => {
    const across = all.filter(({ fromMs, atMs }) => fromMs < checkpoint.timeMs && atMs >= checkpoint.timeMs);
    return { ...checkpoint, reachMs: across.length === 0 ? null : Math.min(...across.map(({ fromMs }) => fromMs)) };
  });
}

/** What came before the samples given has ended this stretch: the intervals it touches are derived already. */
function isDecided({ toMs }: Stall, points: readonly CounterPoint[], firstMs: number): boolean {
  const next = points.find(({ timeMs }) => timeMs > toMs);
  return next !== undefined && next.timeMs < firstMs;
}

/** From then on the points tell all; of the oldest stretch nobody knows here what came before it, if it stalled or is seen once. */
function wholeFromMs(points: readonly CounterPoint[], { stalls, isFirstSuspect }: Stalls): number {
  const oldest = points[0];
  if (oldest === undefined) return Number.POSITIVE_INFINITY;
  const next = points.find(({ flatSinceMs }) => flatSinceMs !== oldest.flatSinceMs);
  const isOnce = points[1]?.flatSinceMs !== oldest.flatSinceMs;
  const isStalled = stalls.some(
    ({ toMs }) => toMs >= oldest.timeMs && toMs < (next?.timeMs ?? Number.POSITIVE_INFINITY),
  );
  return isOnce || isFirstSuspect || isStalled ? (next?.timeMs ?? Number.POSITIVE_INFINITY) : oldest.timeMs;
}

/** What a slow register showed once more is no reading of that time. */
function isRepeat({ timeMs }: CounterPoint, stalls: readonly Stall[]): boolean {
  return stalls.some(({ kind, fromMs, toMs }) => kind === 'slow' && timeMs > fromMs && timeMs <= toMs);
}

/**
 * What comes after the last point that was known before closes that point's interval, and so decides what of the energy up to
 * the first point in it stands in none: so from the interval of the point before that on.
 */
function spanOf(
  points: readonly CounterPoint[],
  of: { firstMs: number; newestMs: number; stalls: readonly Stall[]; lengthMs: number; isFresh: boolean },
): Span {
  const startOf = (timeMs: number) => Math.floor(timeMs / of.lengthMs) * of.lengthMs;
  const toMs = startOf(of.newestMs);
  if (of.isFresh) return { fromMs: Math.min(startOf(of.firstMs), toMs), toMs };
  const lastUpTo = (beforeMs: number) => points.findLast(({ timeMs }) => timeMs < beforeMs)?.timeMs;
  const stalledMs = of.stalls.map(({ doubtMs }) => doubtMs);
  const touchedMs = Math.min(lastUpTo(of.firstMs) ?? points[0]?.timeMs ?? of.firstMs, ...stalledMs, of.newestMs);
  const fromMs = startOf(lastUpTo(startOf(touchedMs)) ?? touchedMs);
  return { fromMs, toMs: Math.max(fromMs, toMs) };
}

/** Said of the first reading that shows the same again. */
function stallJudgements(points: readonly CounterPoint[], stalls: readonly Stall[]): Judgement[] {
  return stalls.flatMap((stall): Judgement[] => {
    const { kind } = stall;
    const point = points.find(({ timeMs, flatSinceMs }) => flatSinceMs === stall.fromMs && timeMs > stall.fromMs);
    if (point === undefined || kind === 'doubtful') return [];
    const { registerMwh: mwh, timeMs } = point;
    return [{ timeMs, kind, beforeMwh: mwh, afterMwh: mwh, creditedMwh: kind === 'slow' ? 0 : null }];
  });
}
