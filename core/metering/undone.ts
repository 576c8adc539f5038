/** When a register has undone what it did: come back from a fall, or taken a leap back. */
import type { Mwh } from '../energy.ts';
import { type CounterBreak, type CounterPoint, DIP_MAX_MWH } from './counter-state.ts';
import { type CounterFacts, stepMaxMwh, type UsableSample } from './register-sample.ts';

type Now = { readonly top: CounterPoint; readonly sample: UsableSample; readonly facts: CounterFacts };

/** A spike of so few readings needs no leap of its size to be known by. */
const SHORT_SPIKE = 3;

/** Whether this reading takes back the break: after a fall, one rise of its size; after a rise, one fall of its size. */
export function undoes(one: CounterBreak, now: Now): boolean {
  if (one.kind === 'spike') return isThereAgain(one, now);
  return one.kind === 'fall' || one.kind === 'rollover' ? isBack(one, now) : isTakenBack(one, now);
}

/**
 * A counter that restarted passes its old height one day, too: but step by step. Back is who rises by the whole fall at
 * once, and stands then where the old count can have gone.
 */
function isBack({ before, after }: CounterBreak, { top, sample, facts }: Now): boolean {
  const fall = before.registerMwh - after.registerMwh;
  const slack = Math.max(DIP_MAX_MWH, slackOf(fall));
  const rise = sample.mwh - top.registerMwh;
  return rise > 0 && rise >= fall - slack && isNear(before, { sample, facts, slack });
}

/** What was taken for a spike was true: the register leaps at once to where it can have gone from there. */
function isThereAgain({ after: peak, fallMwh }: CounterBreak, { top, sample, facts }: Now): boolean {
  const slack = Math.max(DIP_MAX_MWH, slackOf(fallMwh));
  const rise = sample.mwh - top.registerMwh;
  return rise > DIP_MAX_MWH && rise >= fallMwh - slack && isNear(peak, { sample, facts, slack });
}

function isTakenBack({ before, after }: CounterBreak, { top, sample, facts }: Now): boolean {
  const leap = after.registerMwh - before.registerMwh;
  const fall = top.registerMwh - sample.mwh;
  return (
    fall > DIP_MAX_MWH && fall * 2 >= leap && leap * 2 >= fall && isNear(before, { sample, facts, slack: DIP_MAX_MWH })
  );
}

/** A return to within 2 % of a fall counts as back: registers are restored from what was last written. */
export function slackOf(fallMwh: Mwh): Mwh {
  return Math.round(Math.abs(fallMwh) * 0.02);
}

/** Where the count of `before` can have gone until then, or a little below. */
function isNear(before: CounterPoint, of: { sample: UsableSample; facts: CounterFacts; slack: Mwh }): boolean {
  const flowed = of.sample.mwh - before.registerMwh;
  return flowed >= -of.slack && flowed <= stepMaxMwh(of.facts, of.sample.timeMs - before.timeMs);
}

/**
 * The register fell. Among its last points: the first of those that a spike put there, whose leaving makes this reading a
 * plain rise; null when there is none, and it is the fall that needs explaining.
 */
export function spikeStart(
  points: readonly CounterPoint[],
  of: { depth: number; sample: UsableSample; facts: CounterFacts },
): number | null {
  const top = points.at(-1);
  if (top === undefined) return null;
  const fall = top.registerMwh - of.sample.mwh;
  for (let i = points.length - 1; i > points.length - of.depth; i--) {
    const first = points[i] as CounterPoint;
    const before = points[i - 1] as CounterPoint;
    if (first.step !== 'rise') return null;
    if (!isNear(before, { ...of, slack: DIP_MAX_MWH })) continue;
    const leap = first.registerMwh - before.registerMwh;
    if (points.length - i <= SHORT_SPIKE || leap * 2 >= fall) return i;
  }
  return null;
}
