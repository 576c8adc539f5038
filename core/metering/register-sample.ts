/** What the counter engine reads: one register's samples, what is known about the counter, and what the power said. */
import type { Mwh } from '../energy.ts';
import type { Quality } from '../quality.ts';

/** One reading of one register. Whole mWh, null when nothing usable was read. */
export type RegisterSample = {
  readonly timeMs: number;
  readonly mwh: Mwh | null;
  readonly quality: Quality;
  /** Which physical meter it came from; a change is a swap, whatever the values say. */
  readonly meter?: string;
  /** Where the register of this meter wraps; with the sample, for the meters of one place may differ. Absent: not known. */
  readonly modulusMwh?: Mwh;
};

/** What is known of the counter. The more is known, the fewer steps stay unexplained; nothing is guessed. */
export type CounterFacts = {
  /** The most this point can draw or feed, in W. Without it no rollover is accepted, and only what no connection carries is refused. */
  readonly ratedPowerW?: number;
  /** Meters and gateways that renew their register slowly show one this old, then all that flowed meanwhile at once. */
  readonly refreshMs?: number;
};

/** What the same device's power says flowed in this register's direction; half-open, never overlapping. */
export type PowerSpan = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly energyMwh: Mwh;
  /** Standard error of `energyMwh` by how the readings behind it differ; absent: none. */
  readonly errorMwh?: Mwh;
};

/** A reading whose register can be believed. An operator's substitute value (`estimated`) counts, and stays estimated. */
export type UsableSample = RegisterSample & { readonly mwh: Mwh };

export function isUsable(sample: RegisterSample): sample is UsableSample {
  return sample.mwh !== null && (sample.quality === 'good' || sample.quality === 'estimated');
}

/** One count of the register, 1 Wh: a coarser one may show it all at once. */
const COUNT_MWH = 1000;

/** A reading's time stamp may be this far from the moment the meter latched its register. */
const LATCH_MS = 2000;

/** Where no rated power is set: more than any low-voltage connection carries. */
const ASSUMED_POWER_W = 1_000_000;

/** The most that can have flowed in a time: at rated power, plus one count of the register. */
export function flowMaxMwh(facts: CounterFacts, elapsedMs: number): Mwh {
  // 1 W for 3600 ms is 1 mWh.
  return ((facts.ratedPowerW ?? ASSUMED_POWER_W) * (elapsedMs + LATCH_MS)) / 3600 + COUNT_MWH;
}

/** The most a register can have risen between two readings: the first may have shown an older one. */
export function stepMaxMwh(facts: CounterFacts, elapsedMs: number): Mwh {
  return flowMaxMwh(facts, elapsedMs + (facts.refreshMs ?? 0));
}
