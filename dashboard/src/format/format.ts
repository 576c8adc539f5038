/** Numbers and times as this community writes them: its locale, its currency, its time zone. */

export type Figure = { readonly value: string; readonly unit: string };
export type FormatSettings = { readonly locale: string; readonly zone: string; readonly currency: string };
export type Format = ReturnType<typeof createFormat>;

const MINUS = '−';
/** Unbreakable: a number and its unit never part at a line's end. */
export const UNIT_SPACE = '\u00a0';
export const NO_FIGURE = '–';
const MWH_PER_KWH = 1_000_000;

export function figureText({ value, unit }: Figure): string {
  return `${value}${UNIT_SPACE}${unit}`;
}

/** Everything below takes null for "missing" and answers with a dash, never with zero. */
export function createFormat({ locale, zone, currency }: FormatSettings) {
  const decimals = (digits: number) =>
    new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const plain = [decimals(0), decimals(1), decimals(2), decimals(3)] as const;
  const exact = decimals(6);
  const signedExact = new Intl.NumberFormat(locale, {
    minimumFractionDigits: 6,
    maximumFractionDigits: 6,
    signDisplay: 'exceptZero',
  });
  const names = new Intl.ListFormat(locale, { type: 'conjunction' });
  const money = new Intl.NumberFormat(locale, { style: 'currency', currency });
  const minorDigits = money.resolvedOptions().maximumFractionDigits ?? 2;

  /** One decimal below 100, none from 100 on; a value that would round to 100.0 counts as 100. */
  const figure = (amount: number | null, unit: string): Figure => {
    if (amount === null) return { value: NO_FIGURE, unit };
    return { value: tidyMinus((Math.abs(amount) < 99.95 ? plain[1] : plain[0]).format(amount)), unit };
  };

  return {
    locale,
    zone,
    currency,
    power: (watts: number | null) => figure(watts === null ? null : watts / 1000, 'kW'),
    powerText: (watts: number | null) => figureText(figure(watts === null ? null : watts / 1000, 'kW')),
    energy: (mwh: number | null) => figure(mwh === null ? null : mwh / MWH_PER_KWH, 'kWh'),
    energyText: (mwh: number | null) => figureText(figure(mwh === null ? null : mwh / MWH_PER_KWH, 'kWh')),
    /** Three decimals (whole Wh): for tables of intervals. */
    energyFine: (mwh: number | null) => (mwh === null ? NO_FIGURE : tidyMinus(plain[3].format(mwh / MWH_PER_KWH))),
    /** Six decimals: every mWh, for proofs. */
    energyExact: (mwh: number | null) => (mwh === null ? NO_FIGURE : tidyMinus(exact.format(mwh / MWH_PER_KWH))),
    /** Whole percent; nearly all is not all, so 99.7 prints as 99. */
    percent: (value: number | null): Figure => ({
      value: value === null ? NO_FIGURE : plain[0].format(value > 99 && value < 99.95 ? 99 : value),
      unit: '%',
    }),
    money: (minor: number) => tidyMinus(money.format(minor / 10 ** minorDigits)),
    /** A price in minor units as decimal text (`12.5` cents) in the currency, with up to four decimals. */
    price: (minorText: string) => priceText(minorText, { locale, currency, minorDigits }),
    /** With its sign and six decimals: what rounding gave or took. */
    signed: (value: number) => tidyMinus(signedExact.format(value)),
    /** "A, B and C". */
    list: (items: readonly string[]) => names.format(items),
    number: (value: number, digits: 0 | 1 | 2 | 3 = 0) => tidyMinus(plain[digits].format(value)),
    ...createTimes(locale, zone),
  };
}

function createTimes(locale: string, zone: string) {
  const times = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
  const clock = times({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const dayMonth = times({ weekday: 'short', day: 'numeric', month: 'short' });
  const full = times({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
  const stamp = times({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const stampSeconds = times({
    ...{ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' },
    hourCycle: 'h23',
  });
  const offset = times({ hour: '2-digit', timeZoneName: 'shortOffset' });
  // A local day or month is a label, not an instant: noon UTC of it, printed in UTC, is that label anywhere.
  const label = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options });
  const monthLabel = label({ month: 'long', year: 'numeric' });
  const dayLabel = label({ weekday: 'short', day: 'numeric', month: 'short' });
  const dayLabelLong = label({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
  const weekday = label({ weekday: 'short' });

  return {
    time: (ms: number) => clock.format(ms),
    timeRange: (fromMs: number, toMs: number) => `${clock.format(fromMs)}–${clock.format(toMs)}`,
    date: (ms: number) => dayMonth.format(ms),
    dateLong: (ms: number) => full.format(ms),
    dateTime: (ms: number) => stamp.format(ms),
    dateTimeSeconds: (ms: number) => stampSeconds.format(ms),
    /** Offset of the zone at that moment, `GMT+2`: tells the two 02:30 of an autumn night apart. */
    offset: (ms: number) => offset.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value ?? '',
    month: (month: string) => monthLabel.format(Date.parse(`${month}-15T12:00:00Z`)),
    day: (day: string) => dayLabel.format(Date.parse(`${day}T12:00:00Z`)),
    dayLong: (day: string) => dayLabelLong.format(Date.parse(`${day}T12:00:00Z`)),
    weekday: (day: string) => weekday.format(Date.parse(`${day}T12:00:00Z`)),
    dayOfMonth: (day: string) => String(Number(day.slice(8, 10))),
    duration: (seconds: number) => durationText(seconds),
  };
}

/** Hours and minutes; seconds only below a minute. */
function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}${UNIT_SPACE}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}${UNIT_SPACE}min`;
  const rest = minutes % 60;
  const hours = `${Math.floor(minutes / 60)}${UNIT_SPACE}h`;
  return rest === 0 ? hours : `${hours} ${rest}${UNIT_SPACE}min`;
}

function priceText(minorText: string, money: { locale: string; currency: string; minorDigits: number }): string {
  const minor = Number(minorText);
  if (!Number.isFinite(minor)) return NO_FIGURE;
  const format = new Intl.NumberFormat(money.locale, {
    style: 'currency',
    currency: money.currency,
    minimumFractionDigits: money.minorDigits,
    maximumFractionDigits: 4,
  });
  return tidyMinus(format.format(minor / 10 ** money.minorDigits));
}

/** A true minus sign, and no negative zero. */
function tidyMinus(text: string): string {
  const isZero = !/[1-9]/.test(text);
  return isZero ? text.replace(/[-−]/, '') : text.replace('-', MINUS);
}
