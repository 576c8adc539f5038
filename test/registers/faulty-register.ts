/** For tests: a register that counts truly, what was read of it, and the lies between; the truth is known. */

import type { PowerSpan, RegisterSample } from '@commonworks/core/metering/index.ts';
import fc from 'fast-check';

export const QUARTER = 900_000;

/** What was read, in time order, with the truth it hides. */
export type FaultyHistory = {
  readonly samples: readonly RegisterSample[];
  readonly power: readonly PowerSpan[];
  readonly ratedPowerW: number | undefined;
  /** The register shows whole multiples of it. */
  readonly countMwh: number;
  /** What truly flowed until then, mWh. */
  readonly truthAt: (timeMs: number) => number;
  /** Every fault is over before the last readings, began after the first, and is larger than what flows between two. */
  readonly isPlain: boolean;
};

/** Each from a reading on, for some readings. `low` counts on; `frozen` and `zero` do not, and come back; `slow` is renewed now and then. */
const LIES = ['low', 'high', 'zero', 'frozen', 'spike', 'missing', 'dip', 'slow'] as const;
/** Each changes what the register shows for good. */
const CHANGES = ['restart', 'swap-lower', 'swap-higher', 'stop'] as const;
type FaultKind = (typeof LIES)[number] | (typeof CHANGES)[number];

type Fault = { readonly kind: FaultKind; readonly at: number; readonly length: number; readonly size: number };

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom<FaultKind>(...LIES, ...CHANGES),
  at: fc.nat({ max: 400 }),
  length: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 90 })),
  size: fc.oneof(fc.integer({ min: 150_000, max: 20_000_000 }), fc.integer({ min: 1_000_000, max: 6_000_000_000 })),
});

export const faultyHistory: fc.Arbitrary<FaultyHistory> = fc
  .record({
    periodMs: fc.constantFrom(60_000, 300_000, 300_000, 900_000, 901_000, 960_000, 1_800_000, 3_600_000),
    offsetMs: fc.nat({ max: 899_000 }),
    count: fc.integer({ min: 2, max: 400 }),
    // A trickle proves little of a register that stands still.
    loadsW: fc.array(fc.oneof(fc.integer({ min: 0, max: 9_000 }), fc.integer({ min: 40, max: 160 })), {
      minLength: 1,
      maxLength: 12,
    }),
    countMwh: fc.constantFrom(1, 1, 1000, 10_000, 100_000, 1_000_000),
    rated: fc.constantFrom(undefined, 10_000, 24_000),
    faults: fc.array(fault, { maxLength: 5 }),
    hasPower: fc.boolean(),
    startMwh: fc.constantFrom(0, 1_000_000, 5_000_000_000),
  })
  .map(makeHistory);

type Plan = {
  periodMs: number;
  offsetMs: number;
  count: number;
  loadsW: readonly number[];
  countMwh: number;
  rated: number | undefined;
  faults: readonly Fault[];
  hasPower: boolean;
  startMwh: number;
};

function makeHistory(plan: Plan): FaultyHistory {
  const { periodMs, offsetMs, count, loadsW, startMwh, countMwh } = plan;
  /** The load changes every hour. */
  const loadW = (timeMs: number) => loadsW[Math.floor(timeMs / 3_600_000) % loadsW.length] ?? 0;
  const truthAt = (timeMs: number) => {
    let sum = 0;
    for (let fromMs = 0; fromMs < timeMs; fromMs += 3_600_000) {
      sum += (loadW(fromMs) * (Math.min(timeMs, fromMs + 3_600_000) - fromMs)) / 3600;
    }
    return Math.floor(sum);
  };
  const times = Array.from({ length: count }, (_, i) => offsetMs + i * periodMs);
  const samples = withFaults(
    times.map((timeMs) => ({ timeMs, mwh: floorTo(countMwh, startMwh + truthAt(timeMs)) })),
    plan.faults,
  );
  const power: PowerSpan[] = [];
  const lastMs = times.at(-1) ?? 0;
  for (let fromMs = 0; plan.hasPower && fromMs < lastMs; fromMs += QUARTER) {
    const energyMwh = truthAt(fromMs + QUARTER) - truthAt(fromMs);
    // Now steady, now swinging so that little is sure.
    const errorMwh = Math.round((energyMwh * ((fromMs / QUARTER) % 4)) / 4);
    power.push({ fromMs, toMs: fromMs + QUARTER, energyMwh, errorMwh });
  }
  return { samples, power, ratedPowerW: plan.rated, countMwh, truthAt, isPlain: isPlain(plan) };
}

function floorTo(countMwh: number, mwh: number): number {
  return Math.floor(mwh / countMwh) * countMwh;
}

/** A lie smaller than what flows between two readings cannot be seen by anybody. */
function isPlain({ count, periodMs, loadsW, faults }: Plan): boolean {
  const flowMaxMwh = (Math.max(...loadsW) * periodMs) / 3600;
  return faults.every(({ kind, at, length, size }) => {
    const from = at % count;
    const isLie = (LIES as readonly string[]).includes(kind) && kind !== 'frozen' && kind !== 'slow';
    return isLie && from > 4 && from + length < count - 8 && size > 3 * flowMaxMwh * Math.max(1, length) + 500_000;
  });
}

function withFaults(true_: readonly { timeMs: number; mwh: number }[], faults: readonly Fault[]): RegisterSample[] {
  const shown: (number | null)[] = true_.map(({ mwh }) => mwh);
  for (const { kind, at, length, size } of faults) {
    const from = at % shown.length;
    const isLasting = (CHANGES as readonly string[]).includes(kind);
    const readings = kind === 'spike' ? 1 : kind === 'slow' ? 6 * length : length;
    const to = isLasting ? shown.length : Math.min(shown.length, from + readings);
    const first = shown[from] ?? 0;
    const before = [...shown];
    for (let i = from; i < to; i++) {
      // Renewed after so many readings.
      const value = kind === 'slow' ? before[i - ((i - from) % (2 + (size % 40)))] : shown[i];
      if (value !== null && value !== undefined) shown[i] = lie(kind, { value, first, size });
    }
  }
  return true_.map(({ timeMs }, i) => {
    const mwh = shown[i] ?? null;
    return { timeMs, mwh, quality: mwh === null ? 'missing' : 'good' };
  });
}

function lie(kind: FaultKind, of: { value: number; first: number; size: number }): number | null {
  const { value, first, size } = of;
  if (kind === 'low' || kind === 'swap-lower') return Math.max(0, value - size);
  if (kind === 'high' || kind === 'spike' || kind === 'swap-higher') return value + size;
  if (kind === 'zero') return 0;
  if (kind === 'frozen' || kind === 'stop') return first;
  if (kind === 'dip') return Math.max(0, value - 80_000);
  if (kind === 'restart') return Math.max(0, value - first);
  if (kind === 'slow') return value;
  return null;
}

/** Readings in the groups and the order in which they arrive: as they were read, some of them late, or in any order at all. */
export function arrivals(samples: readonly RegisterSample[], dice: () => number): RegisterSample[][] {
  const late = [0, 30, 1_000_000][dice() % 3] ?? 0;
  const shuffled = samples.map((sample, n) => ({ sample, at: n + (dice() % (late + 1)) })).sort((a, b) => a.at - b.at);
  const groups: RegisterSample[][] = [];
  for (let i = 0; i < shuffled.length; ) {
    const size = 1 + (dice() % 24);
    groups.push(shuffled.slice(i, i + size).map(({ sample }) => sample));
    i += size;
  }
  return groups;
}

/** Takes of what the power tells what comes together with some readings: all that is over by then, or any part in any order. */
export function besides<T>(
  power: T[],
  of: { readonly untilMs: number; readonly isInOrder: boolean; readonly most: number; readonly dice: () => number },
  overMs: (one: T) => number,
): T[] {
  const over = power.filter((one) => overMs(one) <= of.untilMs).length;
  return of.isInOrder ? power.splice(0, over) : power.splice(of.dice() % (power.length + 1), of.dice() % of.most);
}
