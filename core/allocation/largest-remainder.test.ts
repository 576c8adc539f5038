import fc from 'fast-check';
import { expect, it } from 'vitest';
import { apportion, createScratch } from './largest-remainder.ts';

const byIndex = (a: number, b: number): number => a - b;

/** Largest remainder as the textbook has it, in big integers. */
function textbook(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + BigInt(weight), 0n);
  if (sum === 0n) return weights.map(() => 0);
  const rows = weights.map((weight, i) => {
    const product = BigInt(total) * BigInt(weight);
    return { i, share: product / sum, remainder: product % sum };
  });
  let left = BigInt(total) - rows.reduce((given, row) => given + row.share, 0n);
  const order = [...rows].sort((a, b) =>
    a.remainder === b.remainder ? a.i - b.i : a.remainder > b.remainder ? -1 : 1,
  );
  for (const row of order) {
    if (left === 0n) break;
    row.share += 1n;
    left -= 1n;
  }
  return rows.map((row) => Number(row.share));
}

it.each([
  { total: 1, weights: [5, 5], shares: [1, 0] },
  { total: 7, weights: [3, 3, 3], shares: [3, 2, 2] },
  { total: 1, weights: [0, 0], shares: [0, 0] },
  { total: 1000, weights: [200, 300], shares: [400, 600] },
  { total: 5, weights: [0, 1, 0], shares: [0, 5, 0] },
  { total: 0, weights: [4, 4], shares: [0, 0] },
])('shares $total by $weights', ({ total, weights, shares }) => {
  expect([...apportion(total, Float64Array.from(weights), { tie: byIndex }).shares]).toEqual(shares);
});

const size = fc.constantFrom(1, 2, 3, 20, 300);
const weightsUpTo = (max: number) =>
  size.chain((n) => fc.array(fc.integer({ min: 0, max }), { minLength: n, maxLength: n }));

it.each([
  { title: 'small numbers with many ties', max: 6, totalMax: 50 },
  { title: 'a household quarter hour', max: 5_000_000, totalMax: 30_000_000 },
  { title: 'products beyond 53 bits', max: 2 ** 40, totalMax: 2 ** 49 },
])('agrees with the textbook in big integers: $title', ({ max, totalMax }) => {
  fc.assert(
    fc.property(weightsUpTo(max), fc.integer({ min: 0, max: totalMax }), (weights, total) => {
      const { shares } = apportion(total, Float64Array.from(weights), {
        tie: byIndex,
        scratch: createScratch(weights.length + 3),
      });
      expect([...shares.subarray(0, weights.length)]).toEqual(textbook(total, weights));
    }),
    { numRuns: 150 },
  );
});
