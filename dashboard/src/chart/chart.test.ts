/** Laws of the bars: stacks add up, missing leaves a gap, both halves of a balance make the whole. */
import { FLOW_KINDS, type FlowKind } from '@commonworks/core/api/index.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFormat } from '../format/format.ts';
import { type Bar, extentOf, isEmpty, stack, totalOf } from './bar-model.ts';
import { balanceOf, DAY_SERIES, type DayInterval, dayBars } from './day-balance.ts';
import { dayTicks } from './day-ticks.ts';

const energy = fc.option(fc.integer({ min: 0, max: 50_000_000 }));
const interval: fc.Arbitrary<DayInterval> = fc.record({
  startMs: fc.constant(0),
  sunMwh: energy,
  batteryChargedMwh: energy,
  batteryDischargedMwh: energy,
  gridImportedMwh: energy,
  gridExportedMwh: energy,
  homesMwh: energy,
  workshopMwh: energy,
  quality: fc.constant('good' as const),
  coveragePct: fc.constant(100),
});
const day = fc
  .array(interval, { maxLength: 100 })
  .map((intervals) => ({ day: '2026-06-01', zone: 'UTC', metered: [...FLOW_KINDS], intervals }));

describe('stacked bars', () => {
  it('are as high as the sum of what is known, and cover it without a gap', () => {
    fc.assert(
      fc.property(day, (energyDay) => {
        for (const bar of dayBars(energyDay)) {
          const segments = stack(bar, DAY_SERIES);
          const height = segments.reduce((sum, { fromMwh, toMwh }) => sum + Math.abs(toMwh - fromMwh), 0);
          expect(height).toBe(bar.valuesMwh.reduce<number>((sum, value) => sum + (value ?? 0), 0));
        }
      }),
    );
  });

  it('reach down for what is used and up for where it came from', () => {
    const bar: Bar = { fromMs: 0, toMs: 1, valuesMwh: [5, 1, 2, 4, 3, 0, 1], quality: 'good', coveragePct: 100 };
    expect(extentOf([bar], DAY_SERIES)).toEqual({ minMwh: -8, maxMwh: 8 });
  });

  it('leave a gap and no sum where nothing was measured', () => {
    const bar: Bar = { fromMs: 0, toMs: 1, valuesMwh: [null, null], quality: 'missing', coveragePct: 0 };
    expect(isEmpty(bar)).toBe(true);
    expect(stack(bar, DAY_SERIES)).toEqual([]);
    expect(totalOf([bar], 0)).toBeNull();
  });
});

describe('the balance of a day', () => {
  it('splits sun and use into two parts each that make the whole', () => {
    fc.assert(
      fc.property(day, (energyDay) => {
        const balance = balanceOf(energyDay);
        const [sunUsed, sunSold] = [balance.sunUsedMwh ?? Number.NaN, balance.sunSoldMwh ?? Number.NaN];
        const [useOwn, useBought] = [balance.useOwnMwh ?? Number.NaN, balance.useBoughtMwh ?? Number.NaN];
        expect(sunUsed + sunSold).toBe(balance.sunMwh);
        expect(useOwn + useBought).toBe(balance.useMwh);
        expect(Math.min(sunUsed, useOwn)).toBeGreaterThanOrEqual(0);
        expect(balance.counted).toBeLessThanOrEqual(balance.all);
      }),
    );
  });

  it('counts without a workshop, and without a meter at the grid tells only what was measured', () => {
    const none = { batteryChargedMwh: null, batteryDischargedMwh: null, workshopMwh: null };
    const grid = { gridImportedMwh: 1, gridExportedMwh: 4 };
    const quarter = {
      ...none,
      ...grid,
      startMs: 0,
      sunMwh: 6,
      homesMwh: 3,
      quality: 'good' as const,
      coveragePct: 100,
    };
    const of = (metered: FlowKind[], part: Partial<DayInterval> = {}) =>
      balanceOf({ day: '2026-06-01', zone: 'UTC', metered, intervals: [{ ...quarter, ...part }] });
    const whole = { sunMwh: 6, sunUsedMwh: 2, sunSoldMwh: 4, useMwh: 3, useOwnMwh: 2, useBoughtMwh: 1, counted: 1 };
    expect(of(['sun', 'grid', 'homes'])).toMatchObject(whole);
    const noGrid = { gridImportedMwh: null, gridExportedMwh: null };
    const parts = { sunUsedMwh: null, sunSoldMwh: null, useOwnMwh: null, useBoughtMwh: null };
    expect(of(['sun', 'homes'], noGrid)).toMatchObject({ sunMwh: 6, useMwh: 3, ...parts, counted: 1 });
    expect(of(['homes'], { ...noGrid, sunMwh: null })).toMatchObject({ sunMwh: null, useMwh: 3, ...parts });
  });
});

describe('the time axis', () => {
  it.each(['2026-06-01', '2026-03-29', '2026-10-25'])('has a label every three local hours on %s', (date) => {
    const format = createFormat({ locale: 'en', zone: 'Europe/Vienna', currency: 'EUR' });
    const labels = dayTicks(date, format).map(({ label }) => label);
    expect(labels).toEqual(['00:00', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00']);
  });
});
