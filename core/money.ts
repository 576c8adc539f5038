/** Money: whole minor units, made from whole quantities and decimal prices by exact arithmetic. */
import { invariant } from './errors.ts';

const DECIMAL = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/;

export const MWH_PER_KWH = 1_000_000;
export const SECONDS_PER_HOUR = 3600;

/**
 * `quantity / perUnit * price`, rounded once, half away from zero: 30 kWh at `15` is 450.
 * `quantity` and `perUnit` are whole (mWh and MWH_PER_KWH, seconds and SECONDS_PER_HOUR); `price` is decimal text in minor units.
 */
export function amountMinor(quantity: number, perUnit: number, price: string): number {
  invariant(Number.isSafeInteger(quantity) && Number.isSafeInteger(perUnit) && perUnit > 0, 'quantities are whole');
  const match = DECIMAL.exec(price);
  invariant(match !== null, `a price is decimal text, not ${price}`);
  const [, sign = '', whole = '0', fraction = ''] = match;
  const numerator = BigInt(quantity) * BigInt(sign + whole + fraction);
  const denominator = BigInt(perUnit) * 10n ** BigInt(fraction.length);
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = Number((2n * magnitude + denominator) / (2n * denominator));
  invariant(Number.isSafeInteger(rounded), 'an amount fits a safe integer');
  return numerator < 0n && rounded !== 0 ? -rounded : rounded;
}
