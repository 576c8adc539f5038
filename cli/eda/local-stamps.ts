/** The report's stamps: local wall time without offset, made instants; an hour that repeats in autumn is told by order. */
import { localToUtc } from '@commonworks/core';
import type { EdaSource } from './eda-report.ts';
import { isoLocal } from './iso-local.ts';

const ISO_STAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::00)?$/;
const TEXT_STAMP = /^(\d\d)\.(\d\d)\.(\d{4}) (\d\d):(\d\d)(?::00)?$/;

export type Stamp = { readonly local: string; readonly form: EdaSource['stampForm'] };

/** Null when the text is no stamp: a line of the header. */
export function parseStamp(text: string): Stamp | null {
  const iso = ISO_STAMP.exec(text);
  if (iso) return { local: `${iso[1]}-${iso[2]}-${iso[3]}T${iso[4]}:${iso[5]}`, form: 'yyyy-mm-dd' };
  const german = TEXT_STAMP.exec(text);
  if (german) return { local: `${german[3]}-${german[2]}-${german[1]}T${german[4]}:${german[5]}`, form: 'dd.mm.yyyy' };
  return null;
}

/**
 * Returns a function from local stamps, in the order of the report, to instants; or to what is wrong.
 * The second time a stamp comes it is the second pass of the repeated hour.
 */
export function createStampReader(zone: string): (stamp: Stamp) => { startMs: number; start: string } | string {
  const seen = new Set<string>();
  const hours = new Map<string, number | null>();
  return ({ local }) => {
    const isSecond = seen.has(local);
    const hour = `${local.slice(0, 13)}:00`;
    const key = `${hour}${isSecond ? '+' : ''}`;
    let hourMs = hours.get(key);
    if (hourMs === undefined) {
      try {
        hourMs = localToUtc(hour, zone, isSecond ? 'second' : 'first');
      } catch {
        return `${local} is no real date and time`;
      }
      hours.set(key, hourMs);
    }
    if (hourMs === null) return `${local} does not exist in ${zone}: the clocks jumped over it`;
    const startMs = hourMs + Number(local.slice(14, 16)) * 60_000;
    if (isSecond && hours.get(hour) === hourMs) return `${local} stands here a second time`;
    if (isSecond && seen.has(`${local}+`)) return `${local} stands here a third time`;
    seen.add(isSecond ? `${local}+` : local);
    return { startMs, start: isoLocal(startMs, Date.parse(`${local}:00Z`) - startMs) };
  };
}
