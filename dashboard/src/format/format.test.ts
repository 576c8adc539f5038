/** The printing rules of figures: decimals, separators, missing values, zones. */
import { describe, expect, it } from 'vitest';
import { createFormat } from './format.ts';

const english = createFormat({ locale: 'en', zone: 'Europe/Vienna', currency: 'EUR' });
const austrian = createFormat({ locale: 'de-AT', zone: 'Europe/Vienna', currency: 'EUR' });

describe('figures', () => {
  it.each([
    [12_345, '12.3'],
    [99_940, '99.9'],
    [99_960, '100'],
    [123_400, '123'],
    [-4_560, '−4.6'],
    [-10, '0.0'],
    [0, '0.0'],
  ])('prints %i W with one decimal below 100 kW and none above', (watts, expected) => {
    expect(english.power(watts)).toEqual({ value: expected, unit: 'kW' });
  });

  it('never prints a missing value as zero', () => {
    expect(english.power(null).value).toBe('–');
    expect(english.energyExact(null)).toBe('–');
  });

  it('prints every mWh where a figure is a proof', () => {
    expect(english.energyExact(1_234_567_891)).toBe('1,234.567891');
    expect(english.energyFine(323_400)).toBe('0.323');
  });

  it('uses the locale and the rule of the currency', () => {
    expect(austrian.energy(12_300_000).value).toBe('12,3');
    expect(english.money(-1234)).toBe('−€12.34');
    expect(createFormat({ locale: 'en', zone: 'UTC', currency: 'JPY' }).money(1234)).toBe('¥1,234');
    expect(english.price('12.5')).toBe('€0.125');
  });

  it('does not call nearly all all', () => {
    expect([0, 49.5, 99.7, 99.99, 100].map((value) => english.percent(value).value)).toEqual([
      '0',
      '50',
      '99',
      '100',
      '100',
    ]);
  });

  it('writes durations as a neighbour says them', () => {
    expect([5, 60, 3600, 5400].map(english.duration)).toEqual([
      '5\u00a0s',
      '1\u00a0min',
      '1\u00a0h',
      '1\u00a0h 30\u00a0min',
    ]);
  });
});

describe('times', () => {
  it('prints instants in the zone of the community', () => {
    expect(english.time(Date.UTC(2026, 6, 1, 12, 5))).toBe('14:05');
    expect(english.offset(Date.UTC(2026, 9, 25, 0, 30))).not.toBe(english.offset(Date.UTC(2026, 9, 25, 1, 30)));
  });

  it('prints days and months as labels, whatever the zone of the reader', () => {
    expect(english.month('2026-10')).toBe('October 2026');
    expect(english.dayLong('2026-10-01')).toBe('Thursday, October 1, 2026');
  });
});

describe('lists', () => {
  it('join names as the locale does', () => {
    expect(english.list(['Laser', 'Mill', 'Saw'])).toBe('Laser, Mill, and Saw');
    expect(austrian.list(['Laser', 'Mill'])).toBe('Laser und Mill');
  });
});
