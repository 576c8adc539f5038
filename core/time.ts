/** Intervals and local days: the only module that knows time zones. */
import { Temporal } from 'temporal-polyfill';
import { nearMatch } from './near-match.ts';

export const INTERVAL_LENGTHS_MS = [300_000, 900_000, 1_800_000, 3_600_000] as const;
export const QUARTER_HOUR_MS = 900_000;

/** Start of the interval that contains `timeMs`; intervals are aligned to the UTC hour. */
export function intervalStart(timeMs: number, lengthMs: number = QUARTER_HOUR_MS): number {
  return Math.floor(timeMs / lengthMs) * lengthMs;
}

export type Span = { readonly fromMs: number; readonly toMs: number };

/** The local month `YYYY-MM` in a zone, as a half-open span of UTC. */
export function monthSpan(month: string, zone: string): Span {
  const first = Temporal.PlainYearMonth.from(month).toPlainDate({ day: 1 });
  return daysSpan(first, first.add({ months: 1 }), zone);
}

/** The local days of a month in order, each with its span. */
export function daysOfMonth(month: string, zone: string): (Span & { day: string })[] {
  const first = Temporal.PlainYearMonth.from(month);
  return Array.from({ length: first.daysInMonth }, (_, i) => {
    const day = first.toPlainDate({ day: i + 1 }).toString();
    return { day, ...daySpan(day, zone) };
  });
}

/** The local day `YYYY-MM-DD` in a zone: 23, 24 or 25 hours. */
export function daySpan(day: string, zone: string): Span {
  const date = Temporal.PlainDate.from(day);
  return daysSpan(date, date.add({ days: 1 }), zone);
}

function daysSpan(from: Temporal.PlainDate, to: Temporal.PlainDate, zone: string): Span {
  return { fromMs: from.toZonedDateTime(zone).epochMilliseconds, toMs: to.toZonedDateTime(zone).epochMilliseconds };
}

export function localDay(timeMs: number, zone: string): string {
  return zoned(timeMs, zone).toPlainDate().toString();
}

export function localMonth(timeMs: number, zone: string): string {
  return zoned(timeMs, zone).toPlainDate().toPlainYearMonth().toString();
}

/** The local day `days` days later (earlier when negative), both `YYYY-MM-DD`. */
export function addDays(day: string, days: number): string {
  return Temporal.PlainDate.from(day).add({ days }).toString();
}

/** The month before `month`, both `YYYY-MM`. */
export function previousMonth(month: string): string {
  return Temporal.PlainYearMonth.from(month).subtract({ months: 1 }).toString();
}

/** Wall time `HH:MM`, for sentences people read. */
export function localTime(timeMs: number, zone: string): string {
  return zoned(timeMs, zone).toPlainTime().toString({ smallestUnit: 'minute' });
}

/** The month after `month`, both `YYYY-MM`. */
export function nextMonth(month: string): string {
  return Temporal.PlainYearMonth.from(month).add({ months: 1 }).toString();
}

/** What to add to UTC for the wall time at that instant; changes on whole hours only. */
export function zoneOffsetMs(timeMs: number, zone: string): number {
  return zoned(timeMs, zone).offsetNanoseconds / 1e6;
}

function zoned(timeMs: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(timeMs).toZonedDateTimeISO(zone);
}

/** Local wall time without offset to UTC; `nth` picks the first or second of a repeated hour; null in a skipped hour. */
export function localToUtc(local: string, zone: string, nth: 'first' | 'second' = 'first'): number | null {
  const plain = Temporal.PlainDateTime.from(local);
  const time = plain.toZonedDateTime(zone, { disambiguation: nth === 'first' ? 'earlier' : 'later' });
  return time.toPlainDateTime().equals(plain) ? time.epochMilliseconds : null;
}

/** Names in use today that the runtime's own list knows only by an older one. */
const NEWER_ZONES = [
  ...['Europe/Kyiv', 'Asia/Kolkata', 'Asia/Kathmandu', 'Asia/Ho_Chi_Minh', 'Asia/Yangon', 'America/Nuuk', 'UTC'],
  ...['America/Argentina/Buenos_Aires', 'Pacific/Kanton', 'Atlantic/Faroe', 'Asia/Thimphu'],
];

/** Whether this is a zone of the IANA database, by its current name or an older one; an offset is none. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    zoned(0, name);
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with the name of a zone, with the one that was probably meant; null when it is right. */
export function zoneFault(name: string): string | null {
  if (isTimeZone(name)) return null;
  const guess = nearMatch(name, [...Intl.supportedValuesOf('timeZone'), ...NEWER_ZONES]);
  const hint = guess === null ? 'it is written like Europe/Vienna' : `did you mean ${guess}?`;
  return `${name} is not a time zone; ${hint}`;
}
