/** The origin of stored energy by hand, and its conservation. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  drawStock,
  EMPTY_STOCK,
  fillStock,
  type HeldStock,
  heldMwh,
  type IntervalPart,
  type SettledInterval,
  type SharingRules,
  settleInterval,
  stockAt,
} from './index.ts';

const Q = 900_000;
const HOUR = 4 * Q;
const DAY = 96 * Q;
const KWH = 1_000_000;

function rules(storageOrigin: 'proportional' | 'solar-first'): SharingRules {
  const spans = [{ fromMs: 0, toMs: null }];
  return {
    points: [
      { id: 'sun', role: 'producer', owner: 'community', spans },
      { id: 'home', role: 'consumer', owner: 'ann', spans },
      { id: 'battery', role: 'storage', owner: 'community', spans },
    ],
    tariffs: [{ id: 'key', fromMs: 0, method: 'pro-rata', shareBy: 'member', storageOrigin }],
    holdings: [],
  };
}

/** A run of intervals in kWh: what the sun made, the home used, the battery took and gave. */
function play(
  of: SharingRules,
  steps: readonly (readonly [atMs: number, sun: number, home: number, take: number, give: number])[],
) {
  const stocks = new Map<string, HeldStock>();
  return steps.map(([startMs, sun, home, take, give]): SettledInterval => {
    const kwh = (id: string, direction: 0 | 1, value: number): IntervalPart => ({ id, direction, mwh: value * KWH });
    const parts = [kwh('sun', 1, sun), kwh('home', 0, home), kwh('battery', 0, take), kwh('battery', 1, give)];
    const settled = settleInterval(of, { startMs, endMs: startMs + Q, parts }, stocks);
    if (settled === null) throw new Error('a tariff is in force');
    for (const [id, flow] of settled.storage) stocks.set(id, { atMs: startMs, stock: flow.closing });
    return settled;
  });
}
const share = (settled: SettledInterval | undefined, id: string, direction: 0 | 1) =>
  settled?.shares.find((one) => one.id === id && one.direction === direction);

describe('a battery charged at night from the grid', () => {
  it('gives nothing that is sold as the community’s own', () => {
    const [, morning] = play(rules('proportional'), [
      [2 * HOUR, 0, 1, 18, 0],
      [7 * HOUR, 0, 18, 0, 17],
    ]);
    expect(share(morning, 'battery', 1)).toMatchObject({ offeredMwh: 0, allocatedMwh: 0, restMwh: 17 * KWH });
    expect(share(morning, 'home', 0)).toMatchObject({ allocatedMwh: 0, restMwh: 18 * KWH });
    expect(morning?.storage.get('battery')).toMatchObject({ givenOwnMwh: 0, givenGridMwh: 17 * KWH, unknownMwh: 0 });
  });
});

describe('the worked example of docs/allocation.md', () => {
  // 02:00 the battery takes 6 kWh while nothing is made; 12:00 the sun makes 12, the home uses 4, the battery takes 12.
  const day = [
    [2 * HOUR, 0, 0, 6, 0],
    [12 * HOUR, 12, 4, 12, 0],
    [20 * HOUR, 0, 9, 0, 8],
  ] as const;

  it('proportional: the charge takes its part of the production like any use', () => {
    const [, noon, evening] = play(rules('proportional'), day);
    // 12 of 16 kWh of use are covered: 9 of the battery's 12, 3 of the home's 4.
    expect(share(noon, 'battery', 0)).toMatchObject({ allocatedMwh: 9 * KWH, restMwh: 3 * KWH });
    // Held: 9 own, 6 + 3 grid. Of 8 given back one half is the community's.
    expect(share(evening, 'battery', 1)).toMatchObject({
      offeredMwh: 4 * KWH,
      allocatedMwh: 4 * KWH,
      restMwh: 4 * KWH,
    });
    expect(share(evening, 'home', 0)).toMatchObject({ allocatedMwh: 4 * KWH, restMwh: 5 * KWH });
  });

  it('solar first: the charge takes what direct use leaves over', () => {
    const [, noon, evening] = play(rules('solar-first'), day);
    expect(share(noon, 'home', 0)).toMatchObject({ allocatedMwh: 4 * KWH });
    expect(share(noon, 'battery', 0)).toMatchObject({ allocatedMwh: 8 * KWH, restMwh: 4 * KWH });
    // Held: 8 own, 10 grid: of 8 given back 8 x 8/18 = 3.555555... kWh, rounded down to whole mWh.
    expect(share(evening, 'battery', 1)).toMatchObject({ offeredMwh: 3_555_555, restMwh: 8 * KWH - 3_555_555 });
  });

  it('what was not given back within a whole day is lost, and what was not in the stock counts as the grid’s', () => {
    const [, , , next, third] = play(rules('proportional'), [
      ...day,
      [DAY + 20 * HOUR, 0, 9, 0, 3],
      [2 * DAY + 20 * HOUR, 0, 9, 0, 8],
    ]);
    // 10 kWh are left of the first day, which held 0 at its beginning: nothing is lost at its end. 3 are given on the second.
    expect(next?.storage.get('battery')).toMatchObject({ lostMwh: 0, givenOwnMwh: 1.5 * KWH });
    // 7 lay untouched on the second day: at its end they are lost, and the 8 given then are of unknown origin.
    expect(third?.storage.get('battery')).toMatchObject({ lostMwh: 7 * KWH, givenOwnMwh: 0, unknownMwh: 8 * KWH });
  });
});

it('under a fixed key the charge takes what nobody’s shares used, before it is surplus', () => {
  const of: SharingRules = {
    ...rules('proportional'),
    tariffs: [{ id: 'key', fromMs: 0, method: 'fixed', shareBy: 'member', storageOrigin: 'proportional' }],
    holdings: [{ fromMs: 0, shares: { ann: 1, ben: 1 } }],
  };
  const [noon] = play(of, [[12 * HOUR, 10, 8, 4, 0]]);
  // Ann holds half: 5 of her 8. Ben used nothing: of his 5 the battery takes 4, one is surplus.
  expect(share(noon, 'home', 0)).toMatchObject({ offeredMwh: 5 * KWH, allocatedMwh: 5 * KWH });
  expect(share(noon, 'battery', 0)).toMatchObject({ allocatedMwh: 4 * KWH, restMwh: 0 });
  expect(share(noon, 'sun', 1)).toMatchObject({ allocatedMwh: 9 * KWH, restMwh: KWH });
});

describe('a stock', () => {
  const step = fc.record({
    hours: fc.integer({ min: 1, max: 60 }),
    own: fc.integer({ min: 0, max: 5_000_000 }),
    grid: fc.integer({ min: 0, max: 5_000_000 }),
    give: fc.integer({ min: 0, max: 9_000_000 }),
  });

  it('loses nothing and makes nothing: in = out + held + lost, and the community’s part never exceeds what it put in', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let held: HeldStock = { atMs: 0, stock: EMPTY_STOCK };
        const sum = { in: 0n, out: 0n, lost: 0n, unknown: 0n, ownIn: 0n, ownOut: 0n };
        for (const { hours, own, grid, give } of steps) {
          const atMs = held.atMs + hours * HOUR;
          const { stock, lostMwh } = stockAt(held, atMs);
          const drawn = drawStock(stock, give);
          held = { atMs, stock: fillStock(drawn.stock, { ownMwh: own, gridMwh: grid }) };
          sum.in += BigInt(own + grid);
          sum.out += BigInt(give);
          sum.lost += BigInt(lostMwh);
          sum.unknown += BigInt(drawn.unknownMwh);
          sum.ownIn += BigInt(own);
          sum.ownOut += BigInt(drawn.ownMwh);
          expect(sum.in + sum.unknown).toBe(sum.out + sum.lost + BigInt(heldMwh(held.stock)));
          expect(sum.ownOut).toBeLessThanOrEqual(sum.ownIn);
          expect(held.stock.leastMwh).toBeLessThanOrEqual(heldMwh(held.stock));
        }
      }),
    );
  });

  it('is the same whether the days pass at once or one after the other', () => {
    const stock = fc
      .tuple(fc.nat(9_000_000), fc.nat(9_000_000), fc.nat(9_000_000))
      .map(([communityMwh, gridMwh, least]) => ({
        communityMwh,
        gridMwh,
        leastMwh: Math.min(least, communityMwh + gridMwh),
      }));
    fc.assert(
      fc.property(stock, fc.nat(200), fc.nat(200), (held, a, b) => {
        const first = stockAt({ atMs: 0, stock: held }, a * HOUR);
        const second = stockAt({ atMs: a * HOUR, stock: first.stock }, (a + b) * HOUR);
        const whole = stockAt({ atMs: 0, stock: held }, (a + b) * HOUR);
        expect(second.stock).toEqual(whole.stock);
        expect(first.lostMwh + second.lostMwh).toBe(whole.lostMwh);
      }),
    );
  });
});
