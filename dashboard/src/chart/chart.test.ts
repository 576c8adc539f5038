/** Laws of the bars: stacks add up, missing leaves a gap, both halves of a balance make the whole. */
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
const day = fc.array(interval, { maxLength: 100 }).map((intervals) => ({ day: '2026-06-01', zone: 'UTC', intervals }));

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
        expect(balance.sunUsedMwh + balance.sunSoldMwh).toBe(balance.sunMwh);
        expect(balance.useOwnMwh + balance.useBoughtMwh).toBe(balance.useMwh);
        expect(Math.min(balance.sunUsedMwh, balance.useOwnMwh)).toBeGreaterThanOrEqual(0);
        expect(balance.counted).toBeLessThanOrEqual(balance.all);
      }),
    );
  });
});

describe('the time axis', () => {
  it.each(['2026-06-01', '2026-03-29', '2026-10-25'])('has a label every three local hours on %s', (date) => {
    const format = createFormat({ locale: 'en', zone: 'Europe/Vienna', currency: 'EUR' });
    const labels = dayTicks(date, format).map(({ label }) => label);
    expect(labels).toEqual(['00:00', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00']);
  });
});
