/** What a session costs: running seconds times the price per hour, in exact arithmetic. */
import { invariant } from '../errors.ts';

const PRICE = /^(\d{1,9})(?:\.(\d{1,6}))?$/;
const SECONDS_AN_HOUR = 3600n;
/** Prices carry at most six decimals. */
const MICRO = 1_000_000n;

/**
 * Whole minor units, half rounded down: the member never pays for the half cent that rounding would add.
 * `pricePerHour` is decimal text in minor units, as `1250` or `12.5`.
 */
export function sessionChargeMinor(runningS: number, pricePerHour: string): number {
  invariant(Number.isSafeInteger(runningS) && runningS >= 0, 'running time is whole seconds');
  const match = PRICE.exec(pricePerHour);
  invariant(match !== null, 'a price is decimal text with at most six decimals');
  const [, whole = '0', fraction = ''] = match;
  const microPerHour = BigInt(whole) * MICRO + BigInt(fraction.padEnd(6, '0'));
  const exact = BigInt(runningS) * microPerHour;
  const unit = SECONDS_AN_HOUR * MICRO;
  // ceil(x - 1/2) in whole numbers.
  return Number((2n * exact - unit + 2n * unit - 1n) / (2n * unit));
}
