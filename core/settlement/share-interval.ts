/** One interval shared by the rule in force: the same function for the running day, for a settlement and for its check. */
import { allocateInterval } from '../allocation/index.ts';
import type { MeteringRole } from '../api/people.ts';
import type { AllocationMethod } from '../api/share.ts';
import type { Mwh } from '../energy.ts';

/** Direction 0: a consumer's energy (or a battery's charge); 1: a producer's (or a discharge). */
export type IntervalPart = { readonly id: string; readonly direction: 0 | 1; readonly mwh: Mwh };

export type PartShare = {
  readonly id: string;
  readonly direction: 0 | 1;
  readonly offeredMwh: Mwh;
  readonly allocatedMwh: Mwh;
  readonly restMwh: Mwh;
  readonly roundingMicroMwh: number;
};

export type IntervalRule = {
  readonly startMs: number;
  readonly keyVersion: string;
  readonly method: AllocationMethod;
  /** Weight of every consuming point by the fixed key; `pro-rata` does not read it. */
  readonly weights: ReadonlyMap<string, number>;
};

/** Stands for weights that nobody measured consumes: its offer becomes surplus instead of somebody else's gain. */
const NOBODY = 'nobody';

/** Parts without a measurement are left out by the caller. Σ allocated of consumers = Σ allocated of producers. */
export function shareInterval(rule: IntervalRule, parts: readonly IntervalPart[]): PartShare[] {
  const consumers = parts.filter((part) => part.direction === 0);
  const producers = parts.filter((part) => part.direction === 1);
  const present = new Set(consumers.map((part) => part.id));
  let absent = 0;
  for (const [id, weight] of rule.weights) if (!present.has(id)) absent += weight;
  const withWeights = consumers.map(({ id, mwh }) => ({ id, mwh, weight: rule.weights.get(id) ?? 0 }));
  const result = allocateInterval({
    startMs: rule.startMs,
    keyVersion: rule.keyVersion,
    method: rule.method,
    consumers: absent > 0 ? [...withWeights, { id: NOBODY, mwh: 0, weight: absent }] : withWeights,
    producers: producers.map(({ id, mwh }) => ({ id, mwh })),
  });
  return [
    ...result.consumers
      .filter((share) => share.id !== NOBODY)
      .map((share) => ({
        id: share.id,
        direction: 0 as const,
        offeredMwh: share.offeredMwh,
        allocatedMwh: share.allocatedMwh,
        restMwh: share.residualMwh,
        roundingMicroMwh: share.roundingMicroMwh,
      })),
    ...result.producers.map((share) => ({
      id: share.id,
      direction: 1 as const,
      offeredMwh: 0,
      allocatedMwh: share.usedMwh,
      restMwh: share.surplusMwh,
      roundingMicroMwh: 0,
    })),
  ];
}

/** Which of a point's registers are shared: the grid connection only serves the balance. */
export const SHARED_DIRECTIONS: Readonly<Record<MeteringRole, readonly (0 | 1)[]>> = {
  consumer: [0],
  workshop: [0],
  producer: [1],
  storage: [0, 1],
  grid: [],
};

export type KeyPoint = { readonly id: string; readonly role: MeteringRole; readonly owner: string };

/**
 * The fixed key: each owner's shares, spread evenly over the points where it consumes (`community` holds the unsold ones).
 * Whole numbers: all are multiplied by the least common multiple of the counts. Shares of an owner who consumes nowhere
 * stand under `owner/ID`, so that they are not handed to the others.
 */
export function fixedWeights(
  points: readonly KeyPoint[],
  shares: Readonly<Record<string, number>>,
): Map<string, number> {
  const consuming = points.filter((point) => SHARED_DIRECTIONS[point.role].includes(0));
  const countOf = new Map<string, number>();
  for (const { owner } of consuming) countOf.set(owner, (countOf.get(owner) ?? 0) + 1);
  const multiple = [...countOf.values()].reduce(leastCommonMultiple, 1);
  const weights = new Map<string, number>();
  for (const { id, owner } of consuming) {
    weights.set(id, ((shares[owner] ?? 0) * multiple) / (countOf.get(owner) ?? 1));
  }
  for (const [holder, held] of Object.entries(shares)) {
    if (!countOf.has(holder) && held > 0) weights.set(`owner/${holder}`, held * multiple);
  }
  return weights;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
