/** When a reading was taken: its own time, its boot's time once that boot's clock is known, or not at all yet. */
import type { Sample } from '@commonworks/core';
import { FUTURE_TOLERANCE_MS, MONOTONIC_LIMIT_MS, PAST_TOLERANCE_MS } from '@commonworks/core';

/** Readings are taken from 400 days ago to five minutes ahead: earlier is a clock at 1970, later a wrong one. */
export const TIME_WINDOW = { pastMs: PAST_TOLERANCE_MS, futureMs: FUTURE_TOLERANCE_MS } as const;

export type Placed = {
  readonly samples: readonly Sample[];
  readonly outside: readonly Sample[];
  /** Some readings carry time since boot, and that boot's offset is not known yet. */
  readonly isWaiting: boolean;
};

export function placeSamples(
  samples: readonly Sample[],
  time: { readonly nowMs: number; readonly offsetMs: number | null },
): Placed {
  const placed: Sample[] = [];
  const outside: Sample[] = [];
  let isWaiting = false;
  for (const sample of samples) {
    const isMonotonic = sample.timeMs < MONOTONIC_LIMIT_MS;
    if (isMonotonic && time.offsetMs === null) {
      isWaiting = true;
      continue;
    }
    const timeMs = isMonotonic ? Math.round(sample.timeMs + (time.offsetMs ?? 0)) : sample.timeMs;
    const isWithin = timeMs >= time.nowMs - TIME_WINDOW.pastMs && timeMs <= time.nowMs + TIME_WINDOW.futureMs;
    if (isWithin && timeMs >= 0) placed.push(isMonotonic ? { ...sample, timeMs } : sample);
    else outside.push(sample);
  }
  return { samples: placed, outside, isWaiting };
}
