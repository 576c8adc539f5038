/**
 * Powers as they come, as energy per interval: between two neighbouring readings power runs straight. A few that differ much
 * say little: their standard error is told with them, as a server does.
 */
import type { PowerSpan } from '@commonworks/core/metering/index.ts';
import type { RegisterRow } from './read-register-rows.ts';

/** Between two readings further apart the power is not known. */
const NEAR_MS = 900_000;

type Reading = { readonly timeMs: number; readonly powerW: number };
export type PowerBook = {
  /** The intervals whose energy these rows changed. */
  readonly add: (rows: readonly RegisterRow[]) => PowerSpan[];
};

/** @param all every row of the file: a register of what is fed in may stand beside powers that are negative throughout. */
export function createPowerBook(all: readonly RegisterRow[], lengthMs: number): PowerBook {
  const isFed = !all.some(({ powerW }) => powerW !== null && powerW > 0);
  const readings: Reading[] = [];
  const placeOf = (timeMs: number) => {
    let low = 0;
    let high = readings.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((readings[middle] as Reading).timeMs < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const spanOf = (startMs: number): PowerSpan => {
    const first = Math.max(1, placeOf(startMs));
    const used = new Set<Reading>();
    let energy = 0;
    for (let i = first; i < readings.length; i++) {
      const [before, after] = [readings[i - 1] as Reading, readings[i] as Reading];
      if (before.timeMs >= startMs + lengthMs) break;
      const within = energyWithin(before, after, { fromMs: startMs, toMs: startMs + lengthMs });
      if (within === null) continue;
      energy += within;
      used.add(before).add(after);
    }
    // 1 W for 3600 ms is 1 mWh.
    const errorMwh = Math.ceil((standardErrorW([...used]) * lengthMs) / 3600);
    return { fromMs: startMs, toMs: startMs + lengthMs, energyMwh: Math.floor(energy), errorMwh };
  };
  return {
    add: (rows) => {
      const touched = new Set<number>();
      for (const { timeMs, powerW } of rows) {
        const place = placeOf(timeMs);
        if (powerW === null || readings[place]?.timeMs === timeMs) continue;
        readings.splice(place, 0, { timeMs, powerW: Math.max(0, isFed ? -powerW : powerW) });
        const fromMs = Math.max(readings[place - 1]?.timeMs ?? timeMs, timeMs - NEAR_MS);
        const toMs = Math.min(readings[place + 1]?.timeMs ?? timeMs, timeMs + NEAR_MS);
        for (let startMs = Math.floor(fromMs / lengthMs) * lengthMs; startMs <= toMs; startMs += lengthMs) {
          touched.add(startMs);
        }
      }
      return [...touched].sort((a, b) => a - b).map(spanOf);
    },
  };
}

function standardErrorW(readings: readonly Reading[]): number {
  const n = readings.length;
  if (n < 2) return 0;
  const meanW = readings.reduce((sum, { powerW }) => sum + powerW, 0) / n;
  const squares = readings.reduce((sum, { powerW }) => sum + (powerW - meanW) ** 2, 0);
  return Math.sqrt(squares / (n - 1) / n);
}

/** Trapezoid of the part that lies within, null where nothing is known of it; 1 W for 3600 ms is 1 mWh. */
function energyWithin(before: Reading, after: Reading, span: { fromMs: number; toMs: number }): number | null {
  const elapsedMs = after.timeMs - before.timeMs;
  if (elapsedMs > NEAR_MS) return null;
  const fromMs = Math.max(before.timeMs, span.fromMs);
  const toMs = Math.min(after.timeMs, span.toMs);
  if (toMs <= fromMs) return null;
  const at = (timeMs: number) =>
    before.powerW + ((after.powerW - before.powerW) * (timeMs - before.timeMs)) / elapsedMs;
  return (((at(fromMs) + at(toMs)) / 2) * (toMs - fromMs)) / 3600;
}
