/** Age and size of a backup as a neighbour says them. */
import type { Format } from '../format/format.ts';
import { text } from '../text/text.ts';

const { ago } = text.backup;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** In hours below two days: "yesterday" may be five minutes or thirty hours ago. */
export function agoText(ageMs: number): string {
  if (ageMs < MINUTE_MS) return ago.now;
  if (ageMs < HOUR_MS) return ago.minutes(Math.floor(ageMs / MINUTE_MS));
  const hours = Math.floor(ageMs / HOUR_MS);
  return hours < 48 ? ago.hours(hours) : ago.days(Math.floor(hours / 24));
}

/** A backup is never nothing: below a megabyte it is one. */
export function sizeText(bytes: number, format: Pick<Format, 'number'>): string {
  const megabytes = Math.max(1, Math.round(bytes / 1_000_000));
  return megabytes < 1000 ? `${format.number(megabytes)} MB` : `${format.number(bytes / 1_000_000_000, 1)} GB`;
}
