import { describe, expect, it } from 'vitest';
import {
  daySpan,
  intervalStart,
  localDay,
  localMonth,
  localToUtc,
  monthSpan,
  previousMonth,
  QUARTER_HOUR_MS,
} from './time.ts';

const quarters = (day: string, zone: string): number => {
  const { fromMs, toMs } = daySpan(day, zone);
  return (toMs - fromMs) / QUARTER_HOUR_MS;
};

describe('local time', () => {
  it.each([
    ['2023-03-26', 'Europe/Vienna', 92],
    ['2022-10-30', 'Europe/Vienna', 100],
    ['2026-11-23', 'Europe/Vienna', 96],
    ['2026-04-05', 'Australia/Lord_Howe', 98],
    ['2026-10-04', 'Australia/Lord_Howe', 94],
  ])('%s in %s has %i quarter hours', (day, zone, count) => expect(quarters(day, zone)).toBe(count));

  it('cuts months at local midnight', () => {
    expect(monthSpan('2026-10', 'Europe/Vienna')).toEqual({
      fromMs: Date.parse('2026-10-01T00:00:00+02:00'),
      toMs: Date.parse('2026-11-01T00:00:00+01:00'),
    });
    expect(previousMonth('2026-01')).toBe('2025-12');
  });

  it('names the local day and month of an instant', () => {
    const late = Date.parse('2026-10-31T23:30:00Z');
    expect([localDay(late, 'Europe/Vienna'), localMonth(late, 'Europe/Vienna')]).toEqual(['2026-11-01', '2026-11']);
    expect(localDay(late, 'UTC')).toBe('2026-10-31');
  });

  it('tells the two hours of autumn apart and refuses the hour that spring skips', () => {
    const first = localToUtc('2022-10-30T02:15:00', 'Europe/Vienna', 'first');
    const second = localToUtc('2022-10-30T02:15:00', 'Europe/Vienna', 'second');
    expect([first, second]).toEqual([Date.parse('2022-10-30T00:15:00Z'), Date.parse('2022-10-30T01:15:00Z')]);
    expect(localToUtc('2023-03-26T02:15:00', 'Europe/Vienna')).toBeNull();
  });

  it('aligns intervals to the UTC hour', () => {
    expect(intervalStart(Date.parse('2026-11-23T10:44:59.999Z'))).toBe(Date.parse('2026-11-23T10:30:00Z'));
  });
});
