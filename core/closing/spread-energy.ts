/** Spreads the energy of a gap over its intervals: whole mWh that add up to exactly what was given. */
import { apportion } from '../allocation/largest-remainder.ts';
import type { Mwh } from '../energy.ts';

/** How a person's total is spread: evenly, as the day before went, or as the community's other meters did. */
export const SPREADS = ['flat', 'day-before', 'load-curve'] as const;
export type Spread = (typeof SPREADS)[number];

/** @param weights one for each interval, whole and not negative; where all are zero it is spread evenly. */
export function spreadEnergy(totalMwh: Mwh, weights: readonly number[]): Mwh[] {
  const isFlat = weights.every((weight) => weight === 0);
  const shape = Float64Array.from(weights, (weight) => (isFlat ? 1 : weight));
  return [...apportion(totalMwh, shape, { tie: (a, b) => a - b }).shares.subarray(0, weights.length)];
}
