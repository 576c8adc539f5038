/** What the counter engine remembers from one reading to the next: bounded, plain data, and all that later readings can undo. */
import { type Static, Type } from 'typebox';
import { QUALITIES } from '../quality.ts';
import { Nullable } from '../schema.ts';

const Whole = Type.Integer();

/** A reading that was believed. `cumulativeMwh` is continuous within one `segment` and never falls. */
export const CounterPoint = Type.Object({
  timeMs: Type.Number(),
  registerMwh: Whole,
  cumulativeMwh: Whole,
  /** Differs from the one before where the energy of a step cannot be known. */
  segment: Whole,
  quality: Type.Enum([...QUALITIES]),
  /** How this point was reached from the one before. */
  step: Type.Enum(['first', 'rise', 'rollover', 'reset', 'swap']),
  /** Which meter, and where its register wraps; null when that is not known. */
  meter: Nullable(Type.String()),
  modulusMwh: Nullable(Whole),
  /** Since when the register has shown this value. */
  flatSinceMs: Type.Number(),
  /** What the register counts in, by its last values: 1 kWh, 100 Wh, 10 Wh; 0 is finer. */
  countMwh: Whole,
  /** New values in a row that a coarser count would have shown, too. */
  coarserValues: Whole,
});
export type CounterPoint = Static<typeof CounterPoint>;

/** A step that a later reading may undo: then nothing since `before` was ever the register. */
export const CounterBreak = Type.Object({
  /**
   * `rise`: a rise that was believed but is large for its time. `spike`: a rise that was taken back, with its highest point as
   * `after`; it may have been true, and what came after it low. The others begin a run of their own.
   */
  kind: Type.Enum(['fall', 'rollover', 'leap', 'rise', 'spike']),
  before: CounterPoint,
  after: CounterPoint,
  /** Of a spike: by how much the reading after its highest point fell; else 0. */
  fallMwh: Whole,
  /** Points believed since `before`, and how many of them rose after `after`. */
  above: Whole,
  rises: Whole,
});
export type CounterBreak = Static<typeof CounterBreak>;

export const CounterState = Type.Object({
  /** The last believed points, oldest first; a short spike is looked for among them. */
  recent: Type.Array(CounterPoint),
  breaks: Type.Array(CounterBreak),
  /** How far below the last point a reading may be and still be held for it. */
  slackMwh: Whole,
});
export type CounterState = Static<typeof CounterState>;

/** A fall up to 0.1 kWh is noise of meters that sum several registers: held, not booked (field reports say 0.1). */
export const DIP_MAX_MWH = 100_000;

export const COUNTER_LIMITS = {
  /** Believed points that a spike may be looked for among: two hours of a meter read every five minutes. */
  recentMax: 24,
  /** Doubts kept open at a time, oldest forgotten first. */
  breaksMax: 8,
  /** Rising readings after which a restart is final, and after which a large rise is. */
  fallRises: 3000,
  riseRises: 300,
  /** So many values in a row are no chance: the register counts in a coarser unit than was thought. */
  coarserValues: 8,
} as const;

export const FRESH_STATE: CounterState = { recent: [], breaks: [], slackMwh: DIP_MAX_MWH };

/**
 * A restart or a leap counts once the register has risen after it; a large rise once another reading goes on from it. A wrap
 * that fits its modulus and the power is evidence enough by itself.
 */
export function isConfirmed({ kind, above, rises }: Pick<CounterBreak, 'kind' | 'above' | 'rises'>): boolean {
  return kind === 'rollover' || kind === 'spike' || (kind === 'rise' ? above > 1 : rises > 0);
}
