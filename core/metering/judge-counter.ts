/** The counter engine: judges every step of a register and makes cumulative energy that only ever rises. */
import type { Mwh } from '../energy.ts';
import { invariant } from '../errors.ts';
import type { CounterEvent } from '../events.ts';
import type { Quality } from '../quality.ts';
import {
  type CounterFacts,
  flowMaxMwh,
  isUsable,
  type RegisterSample,
  stepMaxMwh,
  type UsableSample,
} from './register-sample.ts';

/** A reading that was believed. `cumulativeMwh` is continuous within one `segment` and never falls. */
export type CounterPoint = {
  readonly timeMs: number;
  readonly registerMwh: Mwh;
  readonly cumulativeMwh: Mwh;
  /** Rises by one where the energy of a step cannot be known. */
  readonly segment: number;
  readonly quality: Quality;
  /** How this point was reached from the one before. */
  readonly step: 'first' | 'rise' | 'dip' | 'rollover' | 'reset' | 'swap';
  /** Where its register wraps; null when that is not known. */
  readonly modulusMwh: Mwh | null;
};

/** A step that was not a plain rise; the body of a `counter` event but for the point's name. */
export type Judgement = Omit<CounterEvent, 'point'> & { readonly timeMs: number };

export type JudgedCounter = { readonly points: readonly CounterPoint[]; readonly judgements: readonly Judgement[] };

/** How many readings ahead a doubtful one may be explained; a register stuck on one value gets longer. */
const LOOK_AHEAD = 3;
const STUCK_MAX = 96;

/** A fall up to 0.1 kWh is noise of meters that sum several registers: held, not booked (field reports say 0.1). */
const DIP_MAX_MWH = 100_000;

/** Leaving zero by more than 1 kWh in one step is no proof of energy when nothing is known about the power. */
const FROM_ZERO_MAX_MWH = 1_000_000;

type Verdict = { readonly step: CounterPoint['step'] | 'glitch'; readonly creditedMwh: Mwh | null };
const GLITCH: Verdict = { step: 'glitch', creditedMwh: 0 };
const UNKNOWN: Verdict = { step: 'swap', creditedMwh: null };

/** `highMwh` at `highMs` is what the next step is measured from: the last value, or the value before a dip. */
type Walk = {
  readonly usable: readonly UsableSample[];
  readonly facts: CounterFacts;
  highMwh: Mwh;
  highMs: number;
  /** The highest register this meter showed before it fell; a counter that leaps back there was not counting. */
  peakMwh: Mwh;
  meter: string | undefined;
};

/** @param samples of one register, strictly ascending in time; unusable ones are skipped. */
export function judgeCounter(samples: readonly RegisterSample[], facts: CounterFacts): JudgedCounter {
  const usable = samples.filter(isUsable);
  const points: CounterPoint[] = [];
  const judgements: Judgement[] = [];
  const walk: Walk = { usable, facts, highMwh: 0, highMs: 0, peakMwh: 0, meter: undefined };
  for (const [i, sample] of usable.entries()) {
    const { timeMs, mwh } = sample;
    invariant(i === 0 || timeMs > (usable[i - 1] as UsableSample).timeMs, 'samples ascend in time');
    const verdict: Verdict = points.length === 0 ? { step: 'first', creditedMwh: 0 } : judgeStep(walk, i, sample);
    const { step, creditedMwh } = verdict;
    if (step !== 'first' && step !== 'rise') {
      judgements.push({ timeMs, kind: step, beforeMwh: walk.highMwh, afterMwh: mwh, creditedMwh });
    }
    if (step === 'glitch') continue;
    points.push(nextPoint(points.at(-1), sample, { step, creditedMwh, modulusMwh: sample.modulusMwh ?? null }));
    if (step !== 'dip') moveOn(walk, sample, step);
  }
  return { points, judgements };
}

function nextPoint(
  last: CounterPoint | undefined,
  sample: UsableSample,
  { step, creditedMwh, modulusMwh }: Pick<CounterPoint, 'step' | 'modulusMwh'> & { creditedMwh: Mwh | null },
): CounterPoint {
  return {
    timeMs: sample.timeMs,
    registerMwh: sample.mwh,
    cumulativeMwh: (last?.cumulativeMwh ?? 0) + (creditedMwh ?? 0),
    segment: (last?.segment ?? 0) + (creditedMwh === null ? 1 : 0),
    quality: sample.quality,
    step,
    modulusMwh,
  };
}

function moveOn(walk: Walk, sample: UsableSample, step: CounterPoint['step']): void {
  const isSameCount = step !== 'rollover' && walk.meter === sample.meter;
  walk.peakMwh = isSameCount ? Math.max(walk.peakMwh, walk.highMwh) : 0;
  walk.highMwh = sample.mwh;
  walk.highMs = sample.timeMs;
  walk.meter = sample.meter;
}

function judgeStep(walk: Walk, index: number, sample: UsableSample): Verdict {
  if (sample.meter !== undefined && walk.meter !== undefined && sample.meter !== walk.meter) return UNKNOWN;
  const step = sample.mwh - walk.highMwh;
  if (step < 0) return judgeFall(walk, index, sample);
  const isPossible = step <= possibleSince(walk, sample) && !isDoubtfulRise(walk, sample);
  if (isPossible) return isSpike(walk, index, sample) ? GLITCH : { step: 'rise', creditedMwh: step };
  return !comesBack(walk, index, sample) && isConfirmed(walk, index, sample) ? UNKNOWN : GLITCH;
}

/** The register fell: noise, a wrong reading, a wrap, a restart from zero, or another meter - in that order. */
function judgeFall(walk: Walk, index: number, sample: UsableSample): Verdict {
  const { highMwh, facts } = walk;
  if (highMwh - sample.mwh <= DIP_MAX_MWH && sample.mwh > highMwh / 2) return { step: 'dip', creditedMwh: 0 };
  if (comesBack(walk, index, sample)) return GLITCH;
  const isBounded = facts.ratedPowerW !== undefined;
  const modulus = sample.modulusMwh;
  if (modulus !== undefined && isBounded && highMwh < modulus) {
    const wrapped = sample.mwh + modulus - highMwh;
    if (wrapped <= possibleSince(walk, sample)) return { step: 'rollover', creditedMwh: wrapped };
  }
  if (!isConfirmed(walk, index, sample)) return GLITCH;
  // What a counter shows after restarting from zero has flowed since; how much flowed before is not known.
  const isFromZero = sample.mwh === 0 || (isBounded && sample.mwh <= flowMaxMwh(facts, sample.timeMs - walk.highMs));
  return isFromZero ? { step: 'reset', creditedMwh: sample.mwh } : UNKNOWN;
}

/**
 * Without a rated power nothing bounds a rise; two are still not believed as energy: leaving a register of zero at a
 * leap (a zero read at start proves nothing), and leaping back over the height the register had before it fell.
 */
function isDoubtfulRise(walk: Walk, sample: UsableSample): boolean {
  if (walk.facts.ratedPowerW !== undefined) return false;
  if (walk.highMwh === 0 && sample.mwh > FROM_ZERO_MAX_MWH) return true;
  return walk.highMwh < walk.peakMwh && sample.mwh >= walk.peakMwh;
}

/** An excursion that is over soon, or a stuck register that returns, was never the register. */
function comesBack(walk: Walk, index: number, odd: UsableSample): boolean {
  let isStuck = true;
  for (let ahead = 1; ahead <= STUCK_MAX; ahead++) {
    const later = laterOfSameMeter(walk, index, ahead);
    if (later === null) return false;
    if (isReturn(walk, later)) return true;
    isStuck &&= later.mwh === odd.mwh;
    if (!isStuck && ahead >= LOOK_AHEAD) return false;
  }
  return false;
}

/** Above its neighbours on both sides: one of the next readings is back below it, and none is above again. */
function isSpike(walk: Walk, index: number, sample: UsableSample): boolean {
  let isBack = false;
  for (let ahead = 1; ahead <= LOOK_AHEAD; ahead++) {
    const later = laterOfSameMeter(walk, index, ahead);
    if (later === null) break;
    if (later.mwh >= sample.mwh) return false;
    if (isReturn(walk, later) && sample.mwh - later.mwh > DIP_MAX_MWH) isBack = true;
  }
  return isBack;
}

/** Continues the believed register: not below it, and not further above than could have flowed. */
function isReturn(walk: Walk, later: UsableSample): boolean {
  const step = later.mwh - walk.highMwh;
  return step >= 0 && step <= possibleSince(walk, later) && !isDoubtfulRise(walk, later);
}

/** An unlikely value is believed when the next reading continues it: nothing is concluded from one reading. */
function isConfirmed(walk: Walk, index: number, sample: UsableSample): boolean {
  const later = laterOfSameMeter(walk, index, 1);
  if (later === null || later.mwh < sample.mwh) return false;
  return later.mwh - sample.mwh <= stepMaxMwh(walk.facts, later.timeMs - sample.timeMs);
}

function possibleSince(walk: Walk, sample: UsableSample): Mwh {
  return stepMaxMwh(walk.facts, sample.timeMs - walk.highMs);
}

function laterOfSameMeter(walk: Walk, index: number, ahead: number): UsableSample | null {
  const later = walk.usable[index + ahead];
  return later !== undefined && later.meter === walk.usable[index]?.meter ? later : null;
}
