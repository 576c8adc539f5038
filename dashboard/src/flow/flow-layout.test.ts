/** The laws of the flow picture: square-root widths, directions by sign, everything inside the frame. */
import type { Flow, FlowKind } from '@commonworks/core/api/index.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directionOf, layoutFlow } from './flow-layout.ts';
import { flowWidth, referenceW } from './flow-scale.ts';

const KINDS: FlowKind[] = ['sun', 'battery', 'grid', 'homes', 'workshop'];

function nodeOf(kind: FlowKind, powerW: number | null) {
  return { kind, powerW, quality: 'good' as const, sinceMs: 0, isStale: false, devices: 1, devicesFresh: 1 };
}

function flowOf(powersW: readonly (number | null)[]): Flow {
  const nodes = KINDS.map((kind, index) => nodeOf(kind, powersW[index] ?? null));
  return { atMs: 0, nodes, residualW: 0, ownCoverPct: 50, socPct: 50 };
}

describe('the width of a flow', () => {
  const scale = { referenceW: 20_000, maxPx: 24 };

  it('doubles when the power is four times as large', () => {
    expect(flowWidth(16_000, scale) / flowWidth(4_000, scale)).toBeCloseTo(2);
    expect(flowWidth(20_000, scale)).toBe(24);
  });

  it('never exceeds its frame nor vanishes, whatever the power', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e7, max: 1e7, noNaN: true }), (power) => {
        const width = flowWidth(power, { referenceW: referenceW([power]), maxPx: 24 });
        return width >= 2 && width <= 24;
      }),
    );
  });

  it('keeps its scale while the largest flow stays within one step', () => {
    expect(referenceW([11_000])).toBe(referenceW([19_900]));
    expect(referenceW([20_100])).toBe(50_000);
    expect(referenceW([null, 3])).toBe(5_000);
  });
});

describe('the direction of a flow', () => {
  it.each([
    ['sun', -5_000, 'in'],
    ['battery', -1_000, 'in'],
    ['battery', 1_000, 'out'],
    ['homes', 3_000, 'out'],
    ['grid', 2_000, 'in'],
    ['grid', -2_000, 'out'],
    ['sun', -5, 'rest'],
    ['homes', null, 'rest'],
  ] as const)('%s at %s W is drawn %s', (kind, powerW, expected) => {
    expect(directionOf(nodeOf(kind, powerW))).toBe(expected);
  });
});

describe('the layout', () => {
  it('keeps every node inside the frame, apart from each other, at every width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 320, max: 1400 }), (widthPx) => {
        const layout = layoutFlow(flowOf([-9_000, 500, 1_000, 6_000, 2_000]), widthPx);
        for (const { x, y, r } of [...layout.nodes, layout.hub]) {
          expect(x - r).toBeGreaterThanOrEqual(0);
          expect(x + r).toBeLessThanOrEqual(widthPx);
          expect(y + r).toBeLessThanOrEqual(layout.heightPx);
        }
        const circles = [...layout.nodes, layout.hub];
        for (const [index, one] of circles.entries()) {
          for (const two of circles.slice(index + 1)) {
            expect(Math.hypot(one.x - two.x, one.y - two.y)).toBeGreaterThan(one.r + two.r);
          }
        }
      }),
    );
  });

  it('dims what is missing instead of drawing zero', () => {
    const layout = layoutFlow(flowOf([null, 0, 0, 0, 0]), 390);
    expect(layout.links[0]).toMatchObject({ direction: 'rest', isDimmed: true });
  });
});
