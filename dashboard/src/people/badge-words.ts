/** How a badge and the time it was shown are written. */
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';

const SHORT_LENGTH = 8;
/** A reader's clock and ours differ by a little. */
const JUST_NOW_MS = 2_000;
const DAY_MS = 86_400_000;

/** Enough to tell two badges apart; the whole hash says nothing to a person. */
export function shortHash(badge: string): string {
  return `${badge.slice(0, SHORT_LENGTH)}…`;
}

/** "12 s ago", and the date from a day on; goes on by itself. */
export function useAge(atMs: number): string {
  const { live, format } = useApp();
  const ageMs = live.now.value - atMs;
  if (ageMs < JUST_NOW_MS) return text.membership.justNow;
  return ageMs < DAY_MS ? text.membership.ago(format.duration(ageMs / 1000)) : format.dateTime(atMs);
}
