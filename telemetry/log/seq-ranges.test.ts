import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeqRanges } from './seq-ranges.ts';

const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 8 }));

describe('held sequence numbers', () => {
  it('have the mark at the end of the contiguous prefix, whatever the order and overlap', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
        const held = new SeqRanges(0);
        const oracle = new Set<number>();
        for (const [from, length] of ranges) {
          held.add(from, from + length);
          for (let seq = from; seq <= from + length; seq++) oracle.add(seq);
        }
        let mark = 0;
        while (oracle.has(mark + 1)) mark++;
        expect(held.mark).toBe(mark);
        for (let seq = 1; seq <= 70; seq++) expect(held.has(seq)).toBe(oracle.has(seq));
      }),
    );
  });

  it('are independent in a copy', () => {
    const held = new SeqRanges(3);
    held.add(6);
    const copy = held.copy();
    copy.add(4, 5);
    expect([held.mark, copy.mark]).toEqual([3, 6]);
  });
});
