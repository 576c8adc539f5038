/** The labels of a day's time axis: every third local hour, also on days of 23 and 25 hours. */
import { daySpan } from '@commonworks/core/time.ts';
import type { Format } from '../format/format.ts';

const HOUR_MS = 3_600_000;

export function dayTicks(day: string, format: Format): { ms: number; label: string }[] {
  const { fromMs, toMs } = daySpan(day, format.zone);
  const ticks: { ms: number; label: string }[] = [];
  for (let ms = fromMs; ms < toMs; ms += HOUR_MS) {
    const label = format.time(ms);
    if (Number(label.slice(0, 2)) % 3 === 0 && ticks.at(-1)?.label !== label) ticks.push({ ms, label });
  }
  return ticks;
}
