/** The site's wall clock for habits: milliseconds that read as local time, and whether it is summer. */
import { zoneOffsetMs } from '@commonworks/core/time.ts';

const HOUR_MS = 3_600_000;

export type WallClock = {
  readonly offsetMs: (timeMs: number) => number;
  readonly isSummer: (timeMs: number) => boolean;
};

/** Offsets change on whole UTC hours only; the few hours asked for are remembered. */
export function createWallClock(zone: string): WallClock {
  const offsets = new Map<number, number>();
  const offsetMs = (timeMs: number) => {
    const hour = Math.floor(timeMs / HOUR_MS);
    let offset = offsets.get(hour);
    if (offset === undefined) {
      offset = zoneOffsetMs(hour * HOUR_MS, zone);
      if (offsets.size > 5000) offsets.clear();
      offsets.set(hour, offset);
    }
    return offset;
  };
  const januaryMs = (timeMs: number) => Date.UTC(new Date(timeMs).getUTCFullYear(), 0, 15);
  return { offsetMs, isSummer: (timeMs) => offsetMs(timeMs) > offsetMs(januaryMs(timeMs)) };
}
