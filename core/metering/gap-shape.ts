/** The shape of the day before a gap: what the register counted at the same time of day, the last time it was read. */
import type { Mwh } from '../energy.ts';
import { type CounterFacts, isUsable, type RegisterSample, stepMaxMwh, type UsableSample } from './register-sample.ts';

const DAY_MS = 86_400_000;
/** Between two readings further apart than this the shape is not known. */
const NEAR_MS = 3_600_000;

/** So much before a gap its shape may be read from. */
export const SHAPE_BACK_MS = DAY_MS + NEAR_MS;

/**
 * @param samples of the register, ascending, from `SHAPE_BACK_MS` before the gap on.
 * @returns what flowed in the interval that begins a day before `startMs`, or as many days as lie before the gap; mWh,
 * null where the register was not read closely or did what no register does.
 */
export function dayBefore(
  samples: readonly RegisterSample[],
  gapFromMs: number,
  of: { facts: CounterFacts; lengthMs: number },
): (startMs: number) => Mwh | null {
  return (startMs) => {
    const days = Math.max(1, Math.ceil((startMs + of.lengthMs - gapFromMs) / DAY_MS));
    const fromMs = startMs - days * DAY_MS;
    const opening = registerAt(samples, fromMs);
    const closing = registerAt(samples, fromMs + of.lengthMs);
    if (opening === null || closing === null || opening.meter !== closing.meter) return null;
    const flowed = closing.mwh - opening.mwh;
    return flowed < 0 || flowed > stepMaxMwh(of.facts, of.lengthMs) ? null : flowed;
  };
}

function registerAt(samples: readonly RegisterSample[], timeMs: number): Pick<UsableSample, 'mwh' | 'meter'> | null {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle] as RegisterSample).timeMs < timeMs) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [samples[low - 1], samples[low]];
  if (after === undefined || !isUsable(after)) return null;
  if (after.timeMs === timeMs) return after;
  if (before === undefined || !isUsable(before) || before.meter !== after.meter) return null;
  if (after.timeMs - before.timeMs > NEAR_MS || after.mwh < before.mwh) return null;
  const part = (timeMs - before.timeMs) / (after.timeMs - before.timeMs);
  return { ...before, mwh: before.mwh + (after.mwh - before.mwh) * part };
}
