/** Clouds and temperature: days of their own kind, and within a day fields of cloud drifting over. */
import { createDraw, rough, smooth } from './random.ts';

export type Weather = {
  /** Share of the beam and multiple of the clear sky's diffuse light that reach the roof. */
  readonly light: (timeMs: number) => { beam: number; diffuse: number };
  readonly temperatureC: (timeMs: number) => number;
};

const DAY_MS = 86_400_000;

export function createWeather(seed: number): Weather {
  const front = createDraw(seed, 'weather/front');
  const ofDay = createDraw(seed, 'weather/day');
  const field = createDraw(seed, 'weather/field');
  const warmth = createDraw(seed, 'weather/warmth');
  // Fronts last some days; each day adds its own chance. 0 is a clear day, 1 a grey one.
  const cover = (timeMs: number) => {
    const day = timeMs / DAY_MS;
    return clamp(1.5 * (0.6 * smooth(front, day / 2.2) + 0.4 * smooth(ofDay, day)) - 0.28);
  };
  return {
    light: (timeMs) => {
      const mean = cover(timeMs);
      // Half-covered skies change most: sun and shade take turns.
      const local = mean + 2.2 * mean * (1 - mean) * (rough(field, timeMs / 2_400_000) - 0.5) * 2;
      const sunlit = 1 / (1 + Math.exp(14 * (local - 0.52)));
      return { beam: sunlit * (1 - 0.25 * mean), diffuse: 1 + 1.6 * mean - 1.3 * mean * mean * (1 - sunlit) };
    },
    temperatureC: (timeMs) => {
      const year = Math.cos((2 * Math.PI * (timeMs / DAY_MS - 20)) / 365.25);
      const hour = Math.cos((2 * Math.PI * (timeMs - 14 * 3_600_000)) / DAY_MS);
      return 10.5 - 10.5 * year + (3.5 - 2 * cover(timeMs)) * hour + 7 * (smooth(warmth, timeMs / DAY_MS / 3) - 0.5);
    },
  };
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
