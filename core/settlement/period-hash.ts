/** The fingerprint of a frozen period: its header, then each day's rows. */
import { canonicalJson } from '../canonical-json.ts';
import type { Sha256 } from '../ledger/entry.ts';
import type { PeriodHeader } from './period.ts';

/** SHA-256 of the rows of one day, each canonical and ended by a line feed. */
export function dayHash(rows: readonly (readonly (number | string | null)[])[], sha256: Sha256): string {
  return sha256(rows.map((row) => `${canonicalJson(row)}\n`).join(''));
}

/** SHA-256 of the header's line and one line `DAY HASH` for each day. */
export function inputsHash(
  header: PeriodHeader,
  days: readonly { readonly day: string; readonly hash: string }[],
  sha256: Sha256,
): string {
  return sha256(`${canonicalJson(header)}\n${dayLines(days)}`);
}

export function resultsHash(days: readonly { readonly day: string; readonly hash: string }[], sha256: Sha256): string {
  return sha256(dayLines(days));
}

function dayLines(days: readonly { readonly day: string; readonly hash: string }[]): string {
  return days.map(({ day, hash }) => `${day} ${hash}\n`).join('');
}
