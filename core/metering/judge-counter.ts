/**
 * The counter engine: judges every step of a register and makes cumulative energy that only ever rises.
 *
 * A walk over the readings in time. What a register does and then undoes, it never did: a fall that is made good, a leap
 * that is taken back, however long it lasted. Nothing is concluded from one reading. The state after each reading is plain
 * and bounded, and depends on earlier readings only: the walk can go on from any state it ever had, and ends the same.
 */
import type { Mwh } from '../energy.ts';
import { invariant } from '../errors.ts';
import type { CounterEvent } from '../events.ts';
import {
  COUNTER_LIMITS,
  type CounterBreak,
  type CounterPoint,
  type CounterState,
  DIP_MAX_MWH,
  FRESH_STATE,
  isConfirmed,
} from './counter-state.ts';
import { countAfter } from './register-count.ts';
import {
  type CounterFacts,
  flowMaxMwh,
  isUsable,
  type RegisterSample,
  stepMaxMwh,
  type UsableSample,
} from './register-sample.ts';
import { slackOf, spikeStart, undoes } from './undone.ts';

/** A step that was not a plain rise; the body of a `counter` event but for the point's name. */
export type Judgement = Omit<CounterEvent, 'point'> & { readonly timeMs: number };

/** The reading at `atMs` decided what the register was from `fromMs` on. */
export type Reach = { readonly atMs: number; readonly fromMs: number };

/** Where a later walk can begin: before the first reading at or after `timeMs`. */
export type Checkpoint = {
  readonly timeMs: number;
  readonly state: CounterState;
  /** What comes after it decided over readings from then on; null: over none before it. A change there may undo that. */
  readonly reachMs: number | null;
};

export type JudgedCounter = {
  /** Believed points: those remembered from before, then those of the samples; the last may still wait to be confirmed. */
  readonly points: readonly CounterPoint[];
  readonly judgements: readonly Judgement[];
  /** The state before the first sample of each stretch the caller marked, and after the last sample. */
  readonly checkpoints: readonly Pick<Checkpoint, 'timeMs' | 'state'>[];
  readonly state: CounterState;
  /** Readings that changed what earlier ones were taken for, and from when on. */
  readonly reaches: readonly Reach[];
  /** Before it nothing was decided anew. */
  readonly changedFromMs: number;
  /** A reading undid what lies before the state given: judge again from a state not later than this. Null: all is well. */
  readonly needsFromMs: number | null;
};

export type JudgeOptions = {
  /** Where an earlier walk was before the first of these samples; absent: these are all there are. */
  readonly from?: CounterState;
  /** Whether to keep the state between two neighbouring samples. */
  readonly keepBetween?: (beforeMs: number, afterMs: number) => boolean;
};

/** Leaving zero by more than 1 kWh in one step is no proof of energy when nothing is known about the power. */
const FROM_ZERO_MAX_MWH = 1_000_000;
/** A rise below 1 kWh is not worth a doubt. */
const DOUBT_MIN_MWH = 1_000_000;
/** A register that shows nothing new for longer is no slow one. */
const STOOD_MAX_MS = 86_400_000;
/** Where no rated power is set a rise is large above 100 kW. */
const LARGE_POWER_W = 100_000;

type Walk = {
  readonly facts: CounterFacts;
  readonly points: CounterPoint[];
  breaks: CounterBreak[];
  slackMwh: Mwh;
  /** How many of the last points a spike may be looked for among. */
  depth: number;
  readonly judged: Map<number, Judgement>;
  /** How far back the reading at hand decided. */
  reachMs: number;
  needsFromMs: number | null;
};

/** @param samples of one register, strictly ascending in time; unusable ones are skipped. */
export function judgeCounter(
  samples: readonly RegisterSample[],
  facts: CounterFacts,
  options: JudgeOptions = {},
): JudgedCounter {
  const from = options.from ?? FRESH_STATE;
  const walk = startWalk(from, facts);
  const checkpoints: Pick<Checkpoint, 'timeMs' | 'state'>[] = [];
  const reaches: Reach[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const sample of samples) {
    invariant(sample.timeMs > lastMs, 'samples ascend in time');
    if (options.keepBetween?.(lastMs, sample.timeMs)) {
      checkpoints.push({ timeMs: sample.timeMs, state: stateOf(walk) });
    }
    lastMs = sample.timeMs;
    walk.reachMs = sample.timeMs;
    if (isUsable(sample)) take(walk, sample);
    if (walk.reachMs < sample.timeMs) reaches.push({ atMs: sample.timeMs, fromMs: walk.reachMs });
    if (walk.needsFromMs !== null) break;
  }
  return {
    points: confirmedPoints(walk),
    judgements: judgementsOf(walk, samples[0]?.timeMs ?? 0),
    checkpoints,
    state: stateOf(walk),
    reaches,
    changedFromMs: Math.min(...reaches.map(({ fromMs }) => fromMs)),
    needsFromMs: walk.needsFromMs,
  };
}

function startWalk(from: CounterState, facts: CounterFacts): Walk {
  return {
    facts,
    points: [...from.recent],
    breaks: from.breaks.map((one) => ({ ...one })),
    slackMwh: from.slackMwh,
    depth: from.recent.length,
    judged: new Map(),
    reachMs: Number.POSITIVE_INFINITY,
    needsFromMs: null,
  };
}

function stateOf(walk: Walk): CounterState {
  return {
    recent: walk.depth === 0 ? [] : walk.points.slice(-walk.depth),
    breaks: walk.breaks.map((one) => ({ ...one })),
    slackMwh: walk.slackMwh,
  };
}

function take(walk: Walk, sample: UsableSample): void {
  while (walk.needsFromMs === null) {
    const top = walk.points.at(-1);
    if (top === undefined) push(walk, sample, { step: 'first', creditedMwh: 0 });
    else if (!takeAfter(walk, top, sample)) continue;
    return;
  }
}

/** False: points were taken back, and the reading is to be looked at again. */
function takeAfter(walk: Walk, top: CounterPoint, sample: UsableSample): boolean {
  const isSameMeter = (sample.meter ?? null) === top.meter;
  if (isSameMeter && popUndone(walk, top, sample)) return false;
  if (isSameMeter && goesOn(walk, top, sample)) return true;
  if (popUnconfirmed(walk)) return false;
  if (isSameMeter) startRun(walk, top, sample);
  else swap(walk, sample, top);
  return true;
}

/** Takes back what this reading shows never to have been. */
function popUndone(walk: Walk, top: CounterPoint, sample: UsableSample): boolean {
  const now = { top, sample, facts: walk.facts };
  const undone = walk.breaks.findLast((one) => undoes(one, now));
  if (undone !== undefined) {
    pop(walk, undone.above, undone.before.timeMs);
    // What was held just below the height before may stay there a while.
    walk.slackMwh = Math.max(DIP_MAX_MWH, slackOf(undone.before.registerMwh - undone.after.registerMwh));
    return true;
  }
  if (sample.mwh >= top.registerMwh - walk.slackMwh) return false;
  const spike = spikeStart(walk.points, { depth: walk.depth, sample, facts: walk.facts });
  if (spike === null) return false;
  const before = walk.points[spike - 1];
  pop(walk, walk.points.length - spike, top.timeMs);
  if (before !== undefined)
    keepBreak(walk, {
      ...{ kind: 'spike', before, after: top, fallMwh: top.registerMwh - sample.mwh },
      above: 0,
      rises: 0,
    });
  return true;
}

/** Takes what continues the register: a plain rise, or a reading that is held for the height before it. */
function goesOn(walk: Walk, top: CounterPoint, sample: UsableSample): boolean {
  const step = sample.mwh - top.registerMwh;
  const elapsedMs = sample.timeMs - top.timeMs;
  if (step < 0) {
    if (-step > walk.slackMwh || sample.mwh * 2 < top.registerMwh) return false;
    judge(walk, sample, { kind: 'dip', beforeMwh: top.registerMwh, creditedMwh: 0 });
    return true;
  }
  if (step > riseMaxMwh(walk, top, elapsedMs) || leavesZero(walk, top, step)) return false;
  push(walk, sample, { step: 'rise', creditedMwh: step });
  if (step >= DOUBT_MIN_MWH && step > ordinaryMaxMwh(walk.facts, elapsedMs)) addBreak(walk, 'rise', top);
  return true;
}

/** A register that stood still may show at once all that flowed since: by the connection, and no longer than a day. */
function riseMaxMwh({ facts }: Walk, top: CounterPoint, elapsedMs: number): Mwh {
  const stoodMs = facts.ratedPowerW === undefined ? 0 : Math.min(top.timeMs - top.flatSinceMs, STOOD_MAX_MS);
  return stepMaxMwh(facts, elapsedMs + stoodMs);
}

function ordinaryMaxMwh(facts: CounterFacts, elapsedMs: number): Mwh {
  return facts.ratedPowerW === undefined ? (LARGE_POWER_W * elapsedMs) / 3600 : flowMaxMwh(facts, elapsedMs);
}

/** A zero read at the start proves nothing when no rated power bounds the first rise. */
function leavesZero(walk: Walk, top: CounterPoint, step: Mwh): boolean {
  return walk.facts.ratedPowerW === undefined && top.registerMwh === 0 && step > FROM_ZERO_MAX_MWH;
}

function startRun(walk: Walk, top: CounterPoint, sample: UsableSample): void {
  const { facts } = walk;
  const elapsedMs = sample.timeMs - top.timeMs;
  const isBounded = facts.ratedPowerW !== undefined;
  if (sample.mwh >= top.registerMwh) {
    push(walk, sample, { step: 'swap', creditedMwh: null });
    addBreak(walk, 'leap', top);
    return;
  }
  const modulus = sample.modulusMwh;
  const wrapped = modulus === undefined ? 0 : sample.mwh + modulus - top.registerMwh;
  if (modulus !== undefined && isBounded && top.registerMwh < modulus && wrapped <= stepMaxMwh(facts, elapsedMs)) {
    push(walk, sample, { step: 'rollover', creditedMwh: wrapped });
    addBreak(walk, 'rollover', top);
    return;
  }
  // What a counter shows after restarting from zero has flowed since; how much flowed before is not known.
  const isFromZero = sample.mwh === 0 || (isBounded && sample.mwh <= flowMaxMwh(facts, elapsedMs));
  push(walk, sample, isFromZero ? { step: 'reset', creditedMwh: sample.mwh } : { step: 'swap', creditedMwh: null });
  addBreak(walk, 'fall', top);
}

function keepBreak(walk: Walk, one: CounterBreak): void {
  walk.breaks.push(one);
  if (walk.breaks.length > COUNTER_LIMITS.breaksMax) walk.breaks.shift();
}

/** Another meter: what the last one did is its own, and can be undone no more. */
function swap(walk: Walk, sample: UsableSample, top: CounterPoint): void {
  walk.breaks = [];
  push(walk, sample, { step: 'swap', creditedMwh: null });
  walk.depth = 1;
  judge(walk, sample, { kind: 'swap', beforeMwh: top.registerMwh, creditedMwh: null });
}

type Step = { readonly step: CounterPoint['step']; readonly creditedMwh: Mwh | null };

function push(walk: Walk, sample: UsableSample, { step, creditedMwh }: Step): void {
  const top = walk.points.at(-1);
  const isFlat = top !== undefined && step === 'rise' && creditedMwh === 0;
  const point: CounterPoint = {
    timeMs: sample.timeMs,
    registerMwh: sample.mwh,
    cumulativeMwh: (top?.cumulativeMwh ?? 0) + (creditedMwh ?? 0),
    segment: (top?.segment ?? 0) + (creditedMwh === null ? 1 : 0),
    quality: sample.quality,
    step,
    meter: sample.meter ?? null,
    modulusMwh: sample.modulusMwh ?? null,
    flatSinceMs: isFlat ? top.flatSinceMs : sample.timeMs,
    ...countAfter(creditedMwh === null ? undefined : top, sample.mwh),
  };
  walk.points.push(point);
  walk.depth = Math.min(walk.depth + 1, COUNTER_LIMITS.recentMax);
  walk.slackMwh = DIP_MAX_MWH;
  for (const one of walk.breaks) {
    if (isConfirmed(one) !== isConfirmed({ ...one, above: one.above + 1, rises: one.rises + (isFlat ? 0 : 1) })) {
      walk.reachMs = Math.min(walk.reachMs, one.after.timeMs);
    }
    one.above += 1;
    if (!isFlat) one.rises += 1;
  }
  walk.breaks = walk.breaks.filter(
    ({ kind, rises }) =>
      rises <= (kind === 'rise' || kind === 'spike' ? COUNTER_LIMITS.riseRises : COUNTER_LIMITS.fallRises),
  );
}

/** The point just pushed may have to be taken back. */
function addBreak(walk: Walk, kind: CounterBreak['kind'], before: CounterPoint): void {
  const after = walk.points.at(-1) as CounterPoint;
  keepBreak(walk, { kind, before, after, fallMwh: 0, above: 1, rises: 0 });
  if (kind === 'rise') return;
  const { timeMs, registerMwh: mwh, quality, step, cumulativeMwh } = after;
  const creditedMwh = step === 'swap' ? null : cumulativeMwh - before.cumulativeMwh;
  const named = step === 'rollover' || step === 'reset' ? step : 'swap';
  judge(walk, { timeMs, mwh, quality }, { kind: named, beforeMwh: before.registerMwh, creditedMwh });
}

/** What one reading began and none went on from was never the register. */
function popUnconfirmed(walk: Walk): boolean {
  const one = walk.breaks.find((candidate) => !isConfirmed(candidate));
  if (one === undefined) return false;
  pop(walk, one.above, one.before.timeMs);
  return true;
}

/** Takes back the last points; when that reaches behind the state this walk began with, it has to begin at `beforeMs`. */
function pop(walk: Walk, count: number, beforeMs: number): void {
  const before = walk.points[walk.points.length - count - 1];
  if (before === undefined) {
    walk.needsFromMs = beforeMs;
    return;
  }
  for (const point of walk.points.splice(walk.points.length - count)) {
    walk.reachMs = Math.min(walk.reachMs, point.timeMs);
    const sample = { timeMs: point.timeMs, mwh: point.registerMwh, quality: point.quality };
    judge(walk, sample, { kind: 'glitch', beforeMwh: before.registerMwh, creditedMwh: 0 });
  }
  walk.depth = Math.max(1, walk.depth - count);
  walk.slackMwh = DIP_MAX_MWH;
  walk.breaks = walk.breaks.filter((one) => one.above > count).map((one) => ({ ...one, above: one.above - count }));
}

function judge(walk: Walk, sample: UsableSample, as: Omit<Judgement, 'timeMs' | 'afterMwh'>): void {
  walk.judged.set(sample.timeMs, { timeMs: sample.timeMs, afterMwh: sample.mwh, ...as });
}

/** Without what waits for another reading. */
function confirmedPoints(walk: Walk): CounterPoint[] {
  const waiting = walk.breaks.find((one) => !isConfirmed(one));
  return waiting === undefined ? walk.points : walk.points.slice(0, Math.max(0, walk.points.length - waiting.above));
}

/** Of the samples given; what earlier ones were judged was told then. */
function judgementsOf(walk: Walk, firstMs: number): Judgement[] {
  const waiting = walk.breaks.find((one) => !isConfirmed(one));
  const waitingMs = waiting?.after.timeMs ?? Number.POSITIVE_INFINITY;
  const last = waiting?.before.registerMwh ?? 0;
  const doubted = walk.points
    .filter(({ timeMs }) => timeMs >= Math.max(waitingMs, firstMs))
    .map(({ timeMs, registerMwh }): Judgement => {
      return { timeMs, kind: 'glitch', beforeMwh: last, afterMwh: registerMwh, creditedMwh: 0 };
    });
  const judged = [...walk.judged.values()].filter(({ timeMs }) => timeMs < waitingMs);
  return [...judged, ...doubted].sort((a, b) => a.timeMs - b.timeMs);
}
