/** Shares a whole number of mWh by weight, exactly: floors first, then one mWh each to the largest remainders. */
import { invariant } from '../errors.ts';
import { EXACT_LIMIT, floorOfShare, remainderOfShare } from './exact-product.ts';

/** Compares two positions whose remainders are equal. */
export type TieByIndex = (a: number, b: number) => number;

export type Apportionment = {
  /** Whole mWh per weight; sums to the total whenever any weight is above zero. */
  readonly shares: Float64Array;
  /** What each remainder was before the last mWh were given, in 1/`sum` of a mWh. */
  readonly remainders: Float64Array;
  /** 1 where the share is the floor plus one. */
  readonly raised: Uint8Array;
  readonly sum: number;
};

const BUCKETS_MAX = 4096;

/** One bit below the 53 of a double: room for the one quotient too many that the estimate may name. */
const PRODUCT_MAX = 2 ** 52;

/** Room for repeated calls: a year of 35,040 intervals must not make 35,040 sets of arrays. */
export type Scratch = {
  readonly shares: Float64Array;
  readonly remainders: Float64Array;
  readonly raised: Uint8Array;
  readonly buckets: Uint16Array;
  readonly counts: Int32Array;
  readonly candidates: Uint32Array;
};

export function createScratch(size: number): Scratch {
  return {
    shares: new Float64Array(size),
    remainders: new Float64Array(size),
    raised: new Uint8Array(size),
    buckets: new Uint16Array(size),
    counts: new Int32Array(Math.min(BUCKETS_MAX, 2 ** Math.ceil(Math.log2(Math.max(16, size))))),
    candidates: new Uint32Array(size),
  };
}

/**
 * Largest remainder (Hamilton): q_i = floor(T w_i / W); the T - sum(q) left over go one each by remainder, then by `tie`.
 * O(n) but for the members that share the last remainder bucket. With no weight above zero nobody gets anything.
 * @param weights whole, not negative, sum below 2^50 like the total.
 */
export function apportion(
  total: number,
  weights: Float64Array,
  options: { tie: TieByIndex; scratch?: Scratch },
): Apportionment {
  const size = weights.length;
  const scratch = options.scratch ?? createScratch(size);
  invariant(scratch.shares.length >= size, 'the scratch arrays are as long as the weights');
  const { shares, remainders, raised } = scratch;
  raised.fill(0, 0, size);
  let sum = 0;
  let weightMax = 0;
  for (let i = 0; i < size; i++) {
    const weight = weights[i] as number;
    sum += weight;
    if (weight > weightMax) weightMax = weight;
  }
  invariant(total >= 0 && total < EXACT_LIMIT && sum < EXACT_LIMIT, 'total and weights are within exact arithmetic');
  if (sum === 0) {
    shares.fill(0, 0, size);
    remainders.fill(0, 0, size);
    return { shares, remainders, raised, sum };
  }
  const given =
    total * weightMax < PRODUCT_MAX
      ? floorsInDoubles(total, weights, { scratch, sum })
      : floorsInHalves(total, weights, { scratch, sum });
  giveToLargest(total - given, size, { scratch, sum, tie: options.tie });
  return { shares, remainders, raised, sum };
}

type Floors = { readonly scratch: Scratch; readonly sum: number };

/** While total x weight fits 52 bits, the product is exact and the estimated quotient is off by at most one. */
function floorsInDoubles(total: number, weights: Float64Array, { scratch, sum }: Floors): number {
  const { shares, remainders } = scratch;
  const inverse = 1 / sum;
  let given = 0;
  for (let i = 0; i < weights.length; i++) {
    const product = total * (weights[i] as number);
    let quotient = Math.floor(product * inverse);
    let remainder = product - quotient * sum;
    if (remainder < 0) {
      quotient -= 1;
      remainder += sum;
    } else if (remainder >= sum) {
      quotient += 1;
      remainder -= sum;
    }
    shares[i] = quotient;
    remainders[i] = remainder;
    given += quotient;
  }
  return given;
}

function floorsInHalves(total: number, weights: Float64Array, { scratch, sum }: Floors): number {
  const { shares, remainders } = scratch;
  let given = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number;
    const quotient = floorOfShare(total, weight, sum);
    shares[i] = quotient;
    remainders[i] = remainderOfShare(total, weight, { quotient, sum });
    given += quotient;
  }
  return given;
}

/** Histogram selection: whole buckets above the boundary get one mWh each; only the boundary bucket is sorted. */
function giveToLargest(left: number, size: number, options: { scratch: Scratch; sum: number; tie: TieByIndex }): void {
  if (left === 0) return;
  const { shares, remainders, raised, buckets, counts, candidates } = options.scratch;
  const scale = counts.length / options.sum;
  const last = counts.length - 1;
  counts.fill(0);
  for (let i = 0; i < size; i++) {
    // A remainder next to `sum` may round up to the bucket after the last.
    const bucket = Math.min(last, Math.floor((remainders[i] as number) * scale));
    buckets[i] = bucket;
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  let boundary = last;
  let above = 0;
  while (above + (counts[boundary] as number) < left) {
    above += counts[boundary] as number;
    boundary -= 1;
  }
  let tied = 0;
  for (let i = 0; i < size; i++) {
    const bucket = buckets[i] as number;
    if (bucket > boundary) {
      shares[i] = (shares[i] as number) + 1;
      raised[i] = 1;
    } else if (bucket === boundary) candidates[tied++] = i;
  }
  const need = left - above;
  const order = candidates.subarray(0, tied);
  if (need < tied) order.sort((a, b) => (remainders[b] as number) - (remainders[a] as number) || options.tie(a, b));
  for (let k = 0; k < need; k++) {
    const i = order[k] as number;
    shares[i] = (shares[i] as number) + 1;
    raised[i] = 1;
  }
}
