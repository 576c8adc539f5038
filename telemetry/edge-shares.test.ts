import { POINTS } from '@commonworks/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EDGE_BUDGETS, Overruns } from './edge-budgets.ts';
import { EdgeShares } from './edge-shares.ts';

const SHARE = { perEdge: 10, reserved: 2, pool: 12, total: 100 };

function filled(edges: readonly string[], share = SHARE): EdgeShares {
  const shares = new EdgeShares(share);
  for (const edge of edges) while (shares.hasRoom(edge)) shares.add(edge);
  return shares;
}

describe('A share', () => {
  it('is bounded by edge', () => {
    const shares = filled(['a']);
    expect([shares.held('a'), shares.hasRoom('b', 10), shares.hasRoom('b', 11)]).toEqual([10, false, false]);
    expect(shares.hasRoom('b', 6)).toBe(true);
  });

  it('leaves each edge its reserved part, whatever the others take', () => {
    const shares = filled(['a', 'b', 'c', 'd']);
    expect(['a', 'b', 'c', 'd'].map((edge) => shares.held(edge))).toEqual([10, 6, 2, 2]);
    shares.add('a', -3);
    expect([shares.hasRoom('d', 3), shares.hasRoom('d', 4)]).toEqual([true, false]);
  });

  it('ends at its total', () => {
    expect(filled(['a', 'b', 'c'], { ...SHARE, total: 11 }).total).toBe(11);
  });

  it('is what it was when all is given back, in any order', () => {
    const step = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 5 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const shares = new EdgeShares(SHARE);
        const taken = steps.filter(([edge, amount]) => {
          if (!shares.hasRoom(edge, amount)) return false;
          shares.add(edge, amount);
          return true;
        });
        for (const edge of ['a', 'b', 'c']) expect(shares.held(edge)).toBeLessThanOrEqual(SHARE.perEdge);
        for (const [edge, amount] of taken) shares.add(edge, -amount);
        expect([shares.total, filled(['a', 'b', 'c', 'd']).total, shares.hasRoom('a', 10)]).toEqual([0, 20, true]);
      }),
      { numRuns: 100 },
    );
  });

  it('of series holds a thousand devices with every point of the catalogue', () => {
    expect(EDGE_BUDGETS.series.perEdge).toBeGreaterThanOrEqual(1000 * Object.keys(POINTS).length);
  });

  it.each(['series', 'words', 'quarantineBytes'] as const)('of %s leaves 10,000 edges their reserved parts', (name) => {
    const { reserved, pool, total } = EDGE_BUDGETS[name];
    expect(10_000 * reserved + pool).toBeLessThanOrEqual(total);
    if (name === 'series') expect(total).toBeLessThan(2 ** 24);
  });
});

describe('Overruns', () => {
  it('are summed by edge and budget, and told once', () => {
    const overruns = new Overruns();
    overruns.note('a', 'words', 0);
    overruns.note('a', 'words');
    overruns.note('a', 'words', 2);
    overruns.note('b', 'words');
    expect(overruns.take()).toEqual([
      { edge: 'a', budget: 'words', count: 3 },
      { edge: 'b', budget: 'words', count: 1 },
    ]);
    expect(overruns.take()).toEqual([]);
  });
});
