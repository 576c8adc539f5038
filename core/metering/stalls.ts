/** A register held against the power of its own device: one that stands still while power flows is slow, or does not count. */
import type { Mwh } from '../energy.ts';
import type { CounterPoint } from './counter-state.ts';
import { type CounterFacts, flowMaxMwh, type PowerSpan } from './register-sample.ts';

/** A stretch of readings that show one value although energy flowed. */
export type Stall = {
  /**
   * `slow`: the register made it good at once; `frozen`: it did not, or not yet. `doubtful`: so it seems, but the powers differ
   * too much to say it: what it shows holds, and is not good up to its next rise.
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
/** What a register counts in is read off its values: 1 kWh, 100 Wh, 10 Wh or finer. */
const COUNTS_MWH = [1_000_000, 100_000, 10_000] as const;
const COUNT_WITNESSES = 4;
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

export function findStalls(points: readonly CounterPoint[], { power, facts, minMs }: StallEvidence): Stall[] {
  if (power.length === 0 && facts.ratedPowerW === undefined) return [];
  const stalls: Stall[] = [];
  const flow = createFlow(power);
  for (let first = 0; first < points.length; ) {
    let last = first;
    const { flatSinceMs } = points[first] as CounterPoint;
    while (points[last + 1]?.flatSinceMs === flatSinceMs) last++;
    const stall = stallOf(points, { first, last, flow, facts, minMs });
    if (stall !== null) stalls.push(stall);
    first = last + 1;
  }
  return stalls;
}

type Stretch = {
  readonly first: number;
  readonly last: number;
  readonly flow: Flow;
  readonly facts: CounterFacts;
  readonly minMs: number;
};

function stallOf(points: readonly CounterPoint[], of: Stretch): Stall | null {
  const flat = points[of.first] as CounterPoint;
  const { timeMs: toMs, cumulativeMwh } = points[of.last] as CounterPoint;
  const [before, next] = [points[of.first - 1], points[of.last + 1]];
  const fromMs = flat.flatSinceMs;
  const riseMs = next?.timeMs ?? toMs;
  const beforeMs = before?.segment === flat.segment ? before.timeMs : fromMs;
  const isRise = next?.segment === flat.segment && next.step === 'rise';
  const madeGoodMwh = isRise ? next.cumulativeMwh - cumulativeMwh : 0;
  if (isRise && isTooMuch(madeGoodMwh, of.facts, next.timeMs - toMs)) {
    // Shown once only, it was old already: the register is known before it.
    const knownMs = toMs > fromMs ? fromMs : beforeMs;
    return knownMs < toMs ? { kind: 'slow', fromMs: knownMs, toMs, doubtMs: beforeMs, riseMs } : null;
  }
  const flowedMwh = of.flow.within(fromMs, toMs);
  const leastMwh = Math.max(STALL_MIN_MWH, STALL_COUNTS * countOf(points, of), (STALL_MIN_W * (toMs - fromMs)) / 3600);
  const isEnough = (mwh: Mwh) => mwh > leastMwh && (mwh > STALL_SINGLE_MIN_MWH || of.flow.flowing(fromMs, toMs) >= 2);
  if (toMs - fromMs < of.minMs || !isEnough(flowedMwh)) return null;
  const isMadeGood = next !== undefined && madeGoodMwh >= MADE_GOOD_PART * of.flow.within(fromMs, next.timeMs);
  if (isMadeGood) return { kind: 'slow', fromMs, toMs, doubtMs: beforeMs, riseMs };
  if (!isEnough(of.flow.surely(fromMs, toMs))) return { kind: 'doubtful', fromMs, toMs, doubtMs: beforeMs, riseMs };
  const counted = before === undefined ? 0 : flat.cumulativeMwh - before.cumulativeMwh;
  const isShort = counted < STOPPED_PART * of.flow.about(beforeMs, fromMs) - STALL_MIN_MWH;
  return { kind: 'frozen', fromMs: isShort ? beforeMs : fromMs, toMs, doubtMs: beforeMs, riseMs };
}

/** More than the connection carries since the last reading flowed before it, while the register stood still. */
function isTooMuch(mwh: Mwh, facts: CounterFacts, elapsedMs: number): boolean {
  return facts.ratedPowerW !== undefined && mwh > flowMaxMwh(facts, elapsedMs);
}

function countOf(points: readonly CounterPoint[], { first, last }: Pick<Stretch, 'first' | 'last'>): Mwh {
  const witnesses = [
    ...points.slice(Math.max(0, first - COUNT_WITNESSES), first + 1),
    ...points.slice(last + 1, last + 2),
  ];
  return COUNTS_MWH.find((count) => witnesses.every(({ registerMwh }) => registerMwh % count === 0)) ?? 0;
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
    about: (fromMs, toMs) => {
      const touching = power.slice(
        firstFrom((span) => span.toMs > fromMs),
        firstFrom((span) => span.fromMs >= toMs),
      );
      return touching.reduce((sum, span) => {
        const overlapMs = Math.min(span.toMs, toMs) - Math.max(span.fromMs, fromMs);
        return sum + (span.energyMwh * overlapMs) / (span.toMs - span.fromMs);
      }, 0);
    },
  };
}
