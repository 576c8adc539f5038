/** Laws of closing: every register counts for itself, a hole that grew is undecided, and typed energy is spread to the mWh. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinStarts, mattersOf, openMatters, type RegisterFacts, spreadEnergy } from './index.ts';

const WHOLE: RegisterFacts = { expected: 2976, missing: 0, placed: 0, longestPlacedMs: 0, unplacedMwh: 0 };
const HOUR_MS = 3_600_000;

describe('what keeps a month open', () => {
  it.each([
    ['nothing, when every interval has a value', {}, []],
    ['a single missing interval', { missing: 1 }, ['missing']],
    ['a silent meter', { missing: 2976 }, ['missing']],
    ['no estimates up to a twentieth in short gaps', { placed: 148, longestPlacedMs: 24 * HOUR_MS }, []],
    ['more estimates than a twentieth', { placed: 149, longestPlacedMs: HOUR_MS }, ['estimated']],
    ['one gap longer than a day', { placed: 97, longestPlacedMs: 24.25 * HOUR_MS }, ['estimated']],
    ['a milliwatt-hour that stands nowhere', { unplacedMwh: 1 }, ['unplaced']],
    ['all three', { missing: 1, placed: 500, unplacedMwh: 5 }, ['missing', 'estimated', 'unplaced']],
  ])('is %s', (_, facts, matters) => {
    expect(mattersOf({ ...WHOLE, ...facts })).toEqual(matters);
  });

  it('is what was not decided for as much as there is; the last word counts', () => {
    const facts = fc.record({
      expected: fc.constant(2976),
      missing: fc.nat(30),
      placed: fc.nat(300),
      longestPlacedMs: fc.nat(48).map((hours) => hours * HOUR_MS),
      unplacedMwh: fc.nat(1000),
    });
    const decision = fc.record({
      matter: fc.constantFrom('missing' as const, 'estimated' as const, 'unplaced' as const),
      isAccepted: fc.boolean(),
      extent: fc.nat(1000),
    });
    fc.assert(
      fc.property(facts, fc.array(decision, { maxLength: 6 }), (known, decisions) => {
        const open = openMatters(known, decisions);
        const amounts = { missing: known.missing, estimated: known.placed, unplaced: known.unplacedMwh };
        for (const matter of ['missing', 'estimated', 'unplaced'] as const) {
          const last = [...decisions].reverse().find((one) => one.matter === matter);
          const isDecided = last?.isAccepted === true && last.extent >= amounts[matter];
          expect(open.includes(matter)).toBe(mattersOf(known).includes(matter) && !isDecided);
        }
      }),
    );
  });
});

describe('joinStarts', () => {
  it('joins what follows without a hole', () => {
    expect(joinStarts([0, 900_000, 2_700_000])).toEqual([
      { fromMs: 0, toMs: 1_800_000 },
      { fromMs: 2_700_000, toMs: 3_600_000 },
    ]);
    expect(joinStarts([])).toEqual([]);
  });
});

describe('spreadEnergy', () => {
  it('gives whole mWh that add up to what was typed, none further than one from its exact part', () => {
    const weights = fc.array(fc.nat(3_000_000), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.nat(1_000_000_000), weights, (total, shape) => {
        const spread = spreadEnergy(total, shape);
        expect(spread.reduce((sum, energy) => sum + energy, 0)).toBe(total);
        const sum = shape.reduce((all, weight) => all + weight, 0);
        for (const [i, energy] of spread.entries()) {
          const exact = sum === 0 ? total / shape.length : (total * (shape[i] ?? 0)) / sum;
          expect(Math.abs(energy - exact)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
