/** Amounts against hand-made sums and a law. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountMinor, MWH_PER_KWH, SECONDS_PER_HOUR } from './money.ts';

describe('amountMinor', () => {
  it.each([
    // 30 kWh x 15 ct = 450 ct
    [30_000_000, MWH_PER_KWH, '15', 450],
    // 100.123456 kWh x 15 ct = 1501.85184 ct
    [100_123_456, MWH_PER_KWH, '15', 1502],
    // 0.5 ct is rounded away from zero, on both sides
    [500_000, MWH_PER_KWH, '1', 1],
    [-500_000, MWH_PER_KWH, '1', -1],
    // 2.005 stays exact, unlike in binary floating point: 1 x 200.5
    [1_000_000, MWH_PER_KWH, '200.5', 201],
    // 20 minutes at 24.00 an hour
    [1200, SECONDS_PER_HOUR, '2400', 800],
    [0, MWH_PER_KWH, '12.5', 0],
  ])('%i per %i at %s is %i', (quantity, perUnit, price, expected) => {
    expect(amountMinor(quantity, perUnit, price)).toBe(expected);
  });

  it('is never off by more than half a minor unit, and odd in the quantity', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 99_999 }), (quantity, price) => {
        const text = `${Math.floor(price / 1000)}.${String(price % 1000).padStart(3, '0')}`;
        const amount = amountMinor(quantity, MWH_PER_KWH, text);
        const error = BigInt(amount) * 1_000_000_000n - BigInt(quantity) * BigInt(price);
        const distance = error < 0n ? -error : error;
        expect(distance <= 500_000_000n).toBe(true);
        expect(amountMinor(-quantity, MWH_PER_KWH, text)).toBe(amount === 0 ? 0 : -amount);
      }),
    );
  });

  it('refuses a price that is not decimal text', () => {
    expect(() => amountMinor(1, 1, '1e3')).toThrow();
    expect(() => amountMinor(1, 1, '')).toThrow();
  });
});
