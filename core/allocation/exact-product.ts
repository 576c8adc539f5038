/** Quotient and remainder of total x weight / sum, exact for whole numbers below 2^50 without big integers. */

/** 2^50 mWh are 1.1 TWh in one interval; three times a sum below it still fits a double's 53 bits. */
export const EXACT_LIMIT = 2 ** 50;

/** 2^27 + 1: splits a double of 53 bits into two halves of at most 26 (Veltkamp 1968; Dekker 1971, section 5.8). */
const SPLIT = 134_217_729;

/** What rounding left of a x b: `a * b` as computed plus this is the true product (Dekker's two-product). */
function productError(a: number, b: number, product: number): number {
  const aHead = SPLIT * a - (SPLIT * a - a);
  const aTail = a - aHead;
  const bHead = SPLIT * b - (SPLIT * b - b);
  const bTail = b - bHead;
  return aTail * bTail - (product - aHead * bHead - aTail * bHead - aHead * bTail);
}

/** total x weight - quotient x sum. Exact whenever the true value is below 2^53, as it is near the right quotient. */
function difference(total: number, weight: number, quotient: number, sum: number): number {
  const left = total * weight;
  const right = quotient * sum;
  return left - right + (productError(total, weight, left) - productError(quotient, sum, right));
}

/**
 * Floor of total x weight / sum; its remainder is `remainderOfShare`. All whole, 0 <= weight <= sum, 0 < sum.
 * The floating quotient is off by at most two, which the loops put right.
 */
export function floorOfShare(total: number, weight: number, sum: number): number {
  let quotient = Math.floor((total * weight) / sum);
  let remainder = difference(total, weight, quotient, sum);
  while (remainder < 0) {
    quotient -= 1;
    remainder += sum;
  }
  while (remainder >= sum) {
    quotient += 1;
    remainder -= sum;
  }
  return quotient;
}

export function remainderOfShare(total: number, weight: number, options: { quotient: number; sum: number }): number {
  return difference(total, weight, options.quotient, options.sum);
}

/** The sign of a x b - c x d, exact for whole numbers below 2^50. */
export function compareProducts(a: number, b: number, other: { c: number; d: number }): number {
  const left = a * b;
  const right = other.c * other.d;
  if (left !== right) return left - right;
  return productError(a, b, left) - productError(other.c, other.d, right);
}
