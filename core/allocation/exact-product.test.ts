import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareProducts, EXACT_LIMIT, floorOfShare, remainderOfShare } from './exact-product.ts';

const large = fc.integer({ min: 0, max: EXACT_LIMIT - 1 });

it('divides products beyond 53 bits exactly as big integers do', () => {
  fc.assert(
    fc.property(large, large, large, (total, a, b) => {
      const sum = Math.max(1, a, b);
      const weight = Math.min(a, b, sum);
      const product = BigInt(total) * BigInt(weight);
      const quotient = floorOfShare(total, weight, sum);
      expect(BigInt(quotient)).toBe(product / BigInt(sum));
      expect(BigInt(remainderOfShare(total, weight, { quotient, sum }))).toBe(product % BigInt(sum));
    }),
    { numRuns: 500 },
  );
});

it('compares products exactly, also when they differ by one', () => {
  fc.assert(
    fc.property(large, large, fc.integer({ min: -1, max: 1 }), (a, b, step) => {
      const c = Math.min(EXACT_LIMIT - 1, Math.max(0, a + step));
      const truth = BigInt(a) * BigInt(b) - BigInt(c) * BigInt(b);
      expect(Math.sign(compareProducts(a, b, { c, d: b }))).toBe(truth > 0n ? 1 : truth < 0n ? -1 : 0);
    }),
    { numRuns: 300 },
  );
});
