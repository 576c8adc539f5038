/** A register held against the power of its own device: one that stands still while power flows is slow, or does not count. */
import type { Mwh } from '../energy.ts';
import type { Span } from '../time.ts';
import type { CounterPoint } from './counter-state.ts';
import { type CounterFacts, flowMaxMwh, type PowerSpan } from './register-sample.ts';

/** A stretch of readings that show one value although energy flowed. */
export type Stall = {
  /**
   * `slow`: the register made it good at once; `frozen`: it did not, or not yet. `doubtful`: so it seems, but the powers differ
   * too much, or are too few, to say it: what it shows holds, and is not good up to its next rise.
   */
  readonly kind: 'slow' | 'frozen' | 'doubtful';
  readonly fromMs: number;
  /** The last reading that shows the value. */
  readonly toMs: number;
  /** What was counted from then on up to `fromMs` may be too little: the register may have stopped in between. */
  readonly doubtMs: number;
  /** When the register next rose; of the last one, `toMs`. */
  readonly riseMs: number;
};

/** Less than 20 Wh proves nothing, nor less than 25 W: powers are samples, and meters begin to count at some watts. */
const STALL_MIN_MWH = 20_000;
const STALL_MIN_W = 25;
/** What flowed in a single interval convicts from then on only: its power may be a few samples. */
const STALL_SINGLE_MIN_MWH = 50_000;
/** Few readings of a power that swings say little of its mean: so many standard errors less surely flowed. */
const SURE_ERRORS = 2;
/** A register that shows whole kWh stands still for a kWh; this many of its counts are more than that. */
const STALL_COUNTS = 2.5;
/** A register that makes good less than half of what the power says has lost it. */
const MADE_GOOD_PART = 0.5;
/** And one that counts less than this part of it in its last step had stopped within. */
const STOPPED_PART = 0.8;

export type StallEvidence = {
  readonly power: readonly PowerSpan[];
  readonly facts: CounterFacts;
  /** A shorter stretch is only a slow renewal, which the judgement of steps allows for. */
  readonly minMs: number;
};

export type Stalls = {
  readonly stalls: readonly Stall[];
  /** The oldest stretch seems to stand still: by what came before it, it may be doubtful. */
  readonly isFirstSuspect: boolean;
};

export function findStalls(points: readonly CounterPoint[], { power, facts, minMs }: StallEvidence): Stalls {
  if (power.length === 0 && facts.ratedPowerW === undefined) return { stalls: [], isFirstSuspect: false };
  const stalls: Stall[] = [];
  const flow = createFlow(power);
  let isFirstSuspect = false;
  let stoodSegment: number | null = null;
  for (let first = 0; first < points.length; ) {
    let last = first;
    const { flatSinceMs, segment } = points[first] as CounterPoint;
    while (points[last + 1]?.flatSinceMs === flatSinceMs) last++;
    const stretch = stretchOf(points, { first, last, flow, facts, minMs });
    const stands = seemsToStand(stretch);
    const stall: Stall | null =
      stallOf(stretch) ?? (stands && stoodSegment === segment ? stalled(stretch, 'doubtful') : null);
    if (stall !== null) stalls.push(stall);
    if (first === 0) isFirstSuspect = stands;
    stoodSegment = stands || (stall?.kind === 'slow' && stretch.toMs > stretch.fromMs) ? segment : null;
    first = last + 1;
  }
  return { stalls, isFirstSuspect };
}

/** A stretch of points that show one value, with its neighbours. */
type Stretch = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly flat: CounterPoint;
  readonly before: CounterPoint | undefined;
  /** The point before it, where that belongs to the same register. */
  readonly doubtMs: number;
  readonly next: CounterPoint | undefined;
  /** What the register must have missed to be seen standing still. */
  readonly leastMwh: Mwh;
  readonly flow: Flow;
  readonly facts: CounterFacts;
  readonly minMs: number;
};

type Place = Pick<Stretch, 'flow' | 'facts' | 'minMs'> & { readonly first: number; readonly last: number };

function stretchOf(points: readonly CounterPoint[], { first, last, ...evidence }: Place): Stretch {
  const flat = points[first] as CounterPoint;
  const { timeMs: toMs } = points[last] as CounterPoint;
  const [before, next] = [points[first - 1], points[last + 1]];
  const { flatSinceMs: fromMs, segment } = flat;
  const countMwh = Math.min(flat.countMwh, next?.segment === segment ? next.countMwh : flat.countMwh);
  const leastMwh = Math.max(STALL_MIN_MWH, STALL_COUNTS * countMwh, (STALL_MIN_W * (toMs - fromMs)) / 3600);
  const doubtMs = before?.segment === segment ? before.timeMs : fromMs;
  return { fromMs, toMs, flat, before, doubtMs, next, leastMwh, ...evidence };
}

function stallOf(of: Stretch): Stall | null {
  const { fromMs, toMs, flat, before, doubtMs, next, leastMwh, flow } = of;
  const isRise = next?.segment === flat.segment && next.step === 'rise';
  const madeGoodMwh = isRise ? next.cumulativeMwh - flat.cumulativeMwh : 0;
  if (isRise && isTooMuch(madeGoodMwh, of.facts, next.timeMs - toMs)) {
    // Shown once only, it was old already: the register is known before it.
    const knownMs = toMs > fromMs ? fromMs : doubtMs;
    return knownMs < toMs ? stalled(of, 'slow', knownMs) : null;
  }
  const flowedMwh = flow.within(fromMs, toMs);
  const surelyMwh = flow.surely(fromMs, toMs);
  const [isSure, isRepeated] = [surelyMwh > leastMwh, flow.flowing(fromMs, toMs) >= 2];
  const isEnough = (mwh: Mwh) => mwh > leastMwh && (mwh > STALL_SINGLE_MIN_MWH || isRepeated);
  if (toMs - fromMs < of.minMs || !(isEnough(flowedMwh) || isSure)) return null;
  const isMadeGood = next !== undefined && madeGoodMwh >= MADE_GOOD_PART * flow.within(fromMs, next.timeMs);
  if (isMadeGood && (isSure || isRepeated)) return stalled(of, 'slow');
  if (!isEnough(surelyMwh)) return stalled(of, 'doubtful');
  const counted = before === undefined ? 0 : flat.cumulativeMwh - before.cumulativeMwh;
  const isShort = counted < STOPPED_PART * flow.about(doubtMs, fromMs) - STALL_MIN_MWH;
  return stalled(of, 'frozen', isShort ? doubtMs : fromMs);
}

function stalled({ toMs, doubtMs, next, ...of }: Stretch, kind: Stall['kind'], fromMs = of.fromMs): Stall {
  return { kind, fromMs, toMs, doubtMs, riseMs: next?.timeMs ?? toMs };
}

/** By all that flowed about then: too little evidence for one stretch, enough for a register that stood before, too. */
function seemsToStand({ fromMs, toMs, flow, minMs, leastMwh }: Stretch): boolean {
  return toMs - fromMs >= minMs && flow.surelyAbout(fromMs, toMs) > leastMwh;
}

/** More than the connection carries since the last reading flowed before it, while the register stood still. */
function isTooMuch(mwh: Mwh, facts: CounterFacts, elapsedMs: number): boolean {
  return facts.ratedPowerW !== undefined && mwh > flowMaxMwh(facts, elapsedMs);
}

type Flow = {
  /** In the spans that lie wholly within a stretch of time: of others nobody knows which part did. */
  readonly within: (fromMs: number, toMs: number) => Mwh;
  /** Of that what the readings leave no doubt of; negative when they say nothing. */
  readonly surely: (fromMs: number, toMs: number) => Mwh;
  /** How many of those have a flow. */
  readonly flowing: (fromMs: number, toMs: number) => number;
  /** With those that reach beyond it in proportion. */
  readonly about: (fromMs: number, toMs: number) => Mwh;
  /** Of that what the readings leave no doubt of. */
  readonly surelyAbout: (fromMs: number, toMs: number) => Mwh;
};

/** What the power says flowed. */
function createFlow(power: readonly PowerSpan[]): Flow {
  const sums = [0];
  const squares = [0];
  for (const { energyMwh, errorMwh = 0 } of power) {
    sums.push((sums.at(-1) ?? 0) + energyMwh);
    squares.push((squares.at(-1) ?? 0) + errorMwh ** 2);
  }
  const firstFrom = (isBeyond: (span: PowerSpan) => boolean) => {
    let low = 0;
    let high = power.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBeyond(power[middle] as PowerSpan)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const wholly = (fromMs: number, toMs: number) => {
    const first = firstFrom((span) => span.fromMs >= fromMs);
    return {
      first,
      end: Math.max(
        first,
        firstFrom((span) => span.toMs > toMs),
      ),
    };
  };
  const touching = (fromMs: number, toMs: number) =>
    power.slice(
      firstFrom((span) => span.toMs > fromMs),
      firstFrom((span) => span.fromMs >= toMs),
    );
  return {
    within: (fromMs, toMs) => {
      const { first, end } = wholly(fromMs, toMs);
      return (sums[end] ?? 0) - (sums[first] ?? 0);
    },
    surely: (fromMs, toMs) => {
      const { first, end } = wholly(fromMs, toMs);
      const error = Math.sqrt((squares[end] ?? 0) - (squares[first] ?? 0));
      return (sums[end] ?? 0) - (sums[first] ?? 0) - SURE_ERRORS * error;
    },
    flowing: (fromMs, toMs) => {
      const { first, end } = wholly(fromMs, toMs);
      return power.slice(first, end).filter(({ energyMwh }) => energyMwh > 0).length;
    },
    about: (fromMs, toMs) => sharesWithin(touching(fromMs, toMs), { fromMs, toMs }),
    surelyAbout: (fromMs, toMs) => {
      const spans = touching(fromMs, toMs);
      const error = Math.sqrt(spans.reduce((sum, { errorMwh = 0 }) => sum + errorMwh ** 2, 0));
      return sharesWithin(spans, { fromMs, toMs }) - SURE_ERRORS * error;
    },
  };
}

function sharesWithin(spans: readonly PowerSpan[], { fromMs, toMs }: Span): Mwh {
  return spans.reduce((sum, span) => {
    const overlapMs = Math.min(span.toMs, toMs) - Math.max(span.fromMs, fromMs);
    return sum + (span.energyMwh * overlapMs) / (span.toMs - span.fromMs);
  }, 0);
}
