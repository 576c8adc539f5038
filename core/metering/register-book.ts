/** A register's books in memory: readings come in any order, the intervals are always those of all that came. */
import { accountOf, type RegisterAccount, type UnplacedEnergy } from './account.ts';
import type { IntervalEnergy } from './derive-intervals.ts';
import type { DeriveRules } from './derive-register.ts';
import { deriveSince, type ReadFrom } from './derive-since.ts';
import type { Checkpoint, Judgement } from './judge-counter.ts';
import { isUsable, type PowerSpan, type RegisterSample } from './register-sample.ts';
import { keptOfInterval } from './thin-samples.ts';

export type BookedRegister = {
  readonly intervals: readonly IntervalEnergy[];
  readonly judgements: readonly Judgement[];
  readonly unplaced: readonly UnplacedEnergy[];
  /** Null before the first believed reading. */
  readonly account: RegisterAccount | null;
};

export type RegisterBook = {
  /**
   * A reading of a time that is known already is passed over: the first is kept. A span of power replaces the one that
   * began at the same time.
   */
  readonly add: (samples: readonly RegisterSample[], power?: readonly PowerSpan[]) => Promise<void>;
  readonly read: () => Promise<BookedRegister>;
};

/** Everything ascending in time. */
type Books = {
  readonly samples: RegisterSample[];
  readonly power: PowerSpan[];
  readonly checkpoints: Checkpoint[];
  readonly intervals: IntervalEnergy[];
  readonly judgements: Judgement[];
  readonly unplaced: UnplacedEnergy[];
};

export function createRegisterBook(rules: DeriveRules): RegisterBook {
  const books: Books = { samples: [], power: [], checkpoints: [], intervals: [], judgements: [], unplaced: [] };
  const readFrom = async ({ fromMs, powerFromMs }: ReadFrom) => ({
    samples: books.samples.slice(firstAt(books.samples, fromMs)),
    power: books.power.slice(lowerBound(books.power, (span) => span.toMs > powerFromMs)),
    newestMs: books.samples.at(-1)?.timeMs ?? 0,
  });
  const checkpointUpTo = async (timeMs: number) =>
    books.checkpoints[firstAt(books.checkpoints, timeMs + 1) - 1] ?? null;
  return {
    add: async (samples, power = []) => {
      const changed = samples.flatMap((sample) => (addSample(books, sample, rules.lengthMs) ? [sample.timeMs] : []));
      for (const span of power) {
        changed.push(span.fromMs);
        addPower(books.power, span);
      }
      if (books.samples.length === 0 || changed.length === 0) return;
      const changedMs = changed.reduce((least, timeMs) => Math.min(least, timeMs), Number.POSITIVE_INFINITY);
      const derived = await deriveSince(changedMs, { checkpointUpTo, readFrom }, rules);
      const { placed, fromMs, unplacedFromMs } = derived;
      replace(books.checkpoints, firstAt(books.checkpoints, fromMs + 1), derived.checkpoints);
      replace(books.judgements, firstAt(books.judgements, fromMs), derived.judgements);
      const place = lowerBound(books.intervals, ({ startMs }) => startMs >= placed.span.fromMs);
      replace(books.intervals, place, placed.intervals);
      replace(
        books.unplaced,
        lowerBound(books.unplaced, ({ toMs }) => toMs > unplacedFromMs),
        derived.unplaced,
      );
    },
    read: async () => {
      const whole = await deriveSince(0, { readFrom, checkpointUpTo: async () => null }, rules);
      const { intervals, judgements, unplaced } = books;
      const account = accountOf(whole.points, { placed: { ...whole.placed, intervals }, unplaced });
      return { intervals: [...intervals], judgements: [...judgements], unplaced: [...unplaced], account };
    },
  };
}

/** False when the reading cannot be believed or its time is known. What an interval keeps of its readings may still leave it out. */
function addSample({ samples }: Books, sample: RegisterSample, lengthMs: number): boolean {
  const place = firstAt(samples, sample.timeMs);
  if (!isUsable(sample) || samples[place]?.timeMs === sample.timeMs) return false;
  const startMs = Math.floor(sample.timeMs / lengthMs) * lengthMs;
  const from = firstAt(samples, startMs);
  const to = firstAt(samples, startMs + lengthMs);
  const interval = [...samples.slice(from, place), sample, ...samples.slice(place, to)];
  samples.splice(from, to - from, ...keptOfInterval(interval));
  return true;
}

function addPower(power: PowerSpan[], span: PowerSpan): void {
  const place = lowerBound(power, ({ fromMs }) => fromMs >= span.fromMs);
  power.splice(place, power[place]?.fromMs === span.fromMs ? 1 : 0, span);
}

function replace<T>(all: T[], from: number, by: readonly T[]): void {
  all.length = from;
  for (const one of by) all.push(one);
}

function firstAt(all: readonly { readonly timeMs: number }[], timeMs: number): number {
  return lowerBound(all, (one) => one.timeMs >= timeMs);
}

/** The first place from which on the condition holds. */
function lowerBound<T>(all: readonly T[], isAtOrAfter: (one: T) => boolean): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAtOrAfter(all[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
