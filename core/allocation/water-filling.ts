/** The kernel of every key: a_i = min(C_i, lambda w_i), stopped after one, several or unlimited rounds. */
import { invariant } from '../errors.ts';
import { compareProducts } from './exact-product.ts';
import { apportion, createScratch, type Scratch, type TieByIndex } from './largest-remainder.ts';

/** How often what members cannot use is offered again: 1 is a fixed key, `all` the weighted max-min. */
export type Rounds = number | 'all';

/** More rounds than members never change a result: each round satisfies somebody or empties the pot. */
const ROUNDS_MAX = 10_000;

export type Filling = {
  /** What the key promises in its first round; sums to the total whenever any weight is above zero. */
  readonly offered: Float64Array;
  /** What is credited; never more than the demand. */
  readonly allocated: Float64Array;
  /** Given (positive) or taken (negative) by largest remainder against the exact quotients, in mWh. */
  readonly rounding: Float64Array;
};

export type FillOptions = { readonly rounds: Rounds; readonly tie: TieByIndex; readonly scratch?: Scratch };

/**
 * Shares `total` mWh among demands by weights. Pro rata is `weights = demands` with one round.
 * Later rounds re-offer what is left among the unsatisfied, their weights re-normalised.
 */
export function fillByWeight(
  total: number,
  weighted: { demands: Float64Array; weights: Float64Array },
  options: FillOptions,
): Filling {
  const { demands, weights } = weighted;
  invariant(demands.length === weights.length, 'every demand has a weight');
  const size = demands.length;
  const scratch = options.scratch ?? createScratch(size);
  const filling: Filling = {
    offered: new Float64Array(size),
    allocated: new Float64Array(size),
    rounding: new Float64Array(size),
  };
  const pot = { total, demands, tie: options.tie, scratch };
  const left = total - takeRound(pot, weights, filling);
  filling.offered.set(scratch.shares.subarray(0, size));
  if (options.rounds === 'all') {
    fillToLevel({ ...pot, total }, weights, filling);
  } else {
    invariant(options.rounds >= 1 && options.rounds <= ROUNDS_MAX, 'rounds are between 1 and 10,000');
    offerAgain({ ...pot, total: left }, { weights, rounds: options.rounds }, filling);
  }
  return filling;
}

type Pot = {
  readonly total: number;
  readonly demands: Float64Array;
  readonly tie: TieByIndex;
  readonly scratch: Scratch;
};

/** One round: apportion the pot, credit what each can still use. Returns how much was taken. */
function takeRound(pot: Pot, weights: Float64Array, filling: Filling): number {
  const { shares, remainders, raised, sum } = apportion(pot.total, weights, { tie: pot.tie, scratch: pot.scratch });
  if (sum === 0) return 0;
  let taken = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number;
    if (weight === 0) continue;
    const need = (pot.demands[i] as number) - (filling.allocated[i] as number);
    const offer = shares[i] as number;
    const remainder = remainders[i] as number;
    const got = Math.min(need, offer);
    filling.allocated[i] = (filling.allocated[i] as number) + got;
    taken += got;
    if (remainder === 0) continue;
    // The share is the floor (took remainder/sum) or one more (gave the rest); a need at or below the floor is met exactly.
    const wasRaised = raised[i] === 1;
    const floor = wasRaised ? offer - 1 : offer;
    if (need > floor)
      filling.rounding[i] = (filling.rounding[i] as number) + (wasRaised ? sum - remainder : -remainder) / sum;
  }
  return taken;
}

function offerAgain(pot: Pot, key: { weights: Float64Array; rounds: number }, filling: Filling): void {
  let left = pot.total;
  const open = new Float64Array(key.weights.length);
  for (let round = 2; round <= key.rounds && left > 0; round++) {
    let isAnyOpen = false;
    for (let i = 0; i < open.length; i++) {
      const isOpen = (pot.demands[i] as number) > (filling.allocated[i] as number);
      open[i] = isOpen ? (key.weights[i] as number) : 0;
      if ((open[i] as number) > 0) isAnyOpen = true;
    }
    if (!isAnyOpen) return;
    left -= takeRound({ ...pot, total: left }, open, filling);
  }
}

/**
 * Unlimited rounds without the rounds: whoever a level would satisfy gets the demand, in order of demand per weight;
 * the rest share what is left by largest remainder. Does not depend on the order of members.
 */
function fillToLevel(pot: Pot, weights: Float64Array, filling: Filling): void {
  const { demands } = pot;
  filling.allocated.fill(0);
  filling.rounding.fill(0);
  const order: number[] = [];
  let weightLeft = 0;
  for (let i = 0; i < weights.length; i++) {
    if ((weights[i] as number) === 0) continue;
    order.push(i);
    weightLeft += weights[i] as number;
  }
  order.sort((i, j) =>
    compareProducts(demands[i] as number, weights[j] as number, { c: demands[j] as number, d: weights[i] as number }),
  );
  let left = pot.total;
  const open = Float64Array.from(weights);
  for (const i of order) {
    const demand = demands[i] as number;
    const weight = weights[i] as number;
    if (compareProducts(demand, weightLeft, { c: left, d: weight }) > 0) break;
    filling.allocated[i] = demand;
    left -= demand;
    weightLeft -= weight;
    open[i] = 0;
  }
  if (weightLeft > 0) takeRound({ ...pot, total: left }, open, filling);
}
