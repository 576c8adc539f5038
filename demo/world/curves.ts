/** The parts of the world that depend on time alone: roof and homes, one UTC day at a time, minute by minute. */
import { HOMES } from './cast.ts';
import { createDayLoad, localDayOf, MINUTES_A_DAY } from './home-load.ts';
import type { WallClock } from './local-time.ts';
import { pvPotentialW } from './pv.ts';
import { createDraw } from './random.ts';
import type { Weather } from './weather.ts';

export type Curves = {
  /** Unlimited PV power, watts. */
  readonly pvW: (timeMs: number) => number;
  /** One home's load, watts; `home` counts from 0. */
  readonly homeW: (home: number, timeMs: number) => number;
};

type Day = { readonly index: number; readonly pv: Float64Array; readonly homes: readonly Float64Array[] };

const MIN_MS = 60_000;
const DAY_MS = 86_400_000;
const SLOT_MS = 10_000;

export function createCurves(seed: number, weather: Weather, clock: WallClock): Curves {
  const flicker = createDraw(seed, 'curves/flicker');
  const loads = HOMES.map((habit) => createDayLoad(seed, habit));
  const localDays = new Map<string, Float64Array>();
  const localLoad = (home: number, localMs: number) => {
    const day = localDayOf(localMs);
    const key = `${home}/${day.index}`;
    let load = localDays.get(key);
    if (load === undefined) {
      const startMs = day.index * DAY_MS;
      load = loads[home]?.(day, (minute) => weather.temperatureC(startMs + minute * MIN_MS - 3_600_000));
      if (load === undefined) return 0;
      if (localDays.size > 40) localDays.clear();
      localDays.set(key, load);
    }
    return load[Math.floor((localMs % DAY_MS) / MIN_MS)] ?? 0;
  };
  let today: Day = { index: Number.NaN, pv: new Float64Array(), homes: [] };
  const dayAt = (timeMs: number): Day => {
    const index = Math.floor(timeMs / DAY_MS);
    if (index === today.index) return today;
    const startMs = index * DAY_MS;
    const pv = new Float64Array(MINUTES_A_DAY + 1);
    for (let minute = 0; minute <= MINUTES_A_DAY; minute++)
      pv[minute] = pvPotentialW(weather, startMs + minute * MIN_MS);
    const homes = HOMES.map(() => new Float64Array(MINUTES_A_DAY));
    for (let minute = 0; minute < MINUTES_A_DAY; minute++) {
      const timeMs = startMs + minute * MIN_MS;
      const localMs = timeMs + clock.offsetMs(timeMs);
      for (const [home, load] of homes.entries()) load[minute] = localLoad(home, localMs);
    }
    today = { index, pv, homes };
    return today;
  };
  // Nothing is perfectly steady: each ten seconds differ a little.
  const unrest = (stream: number, timeMs: number, share: number) =>
    1 + share * (flicker(Math.floor(timeMs / SLOT_MS) * 32 + stream) - 0.5);
  return {
    pvW: (timeMs) => {
      const { pv } = dayAt(timeMs);
      const position = (timeMs % DAY_MS) / MIN_MS;
      const minute = Math.floor(position);
      const here = pv[minute] ?? 0;
      return (here + ((pv[minute + 1] ?? here) - here) * (position - minute)) * unrest(31, timeMs, 0.008);
    },
    homeW: (home, timeMs) => {
      const load = dayAt(timeMs).homes[home]?.[Math.floor((timeMs % DAY_MS) / MIN_MS)] ?? 0;
      return load * unrest(home, timeMs, 0.06);
    },
  };
}
