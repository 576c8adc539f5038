/** Voltages, currents and frequency that fit a power: a grid that breathes a little, and loads that pull it down. */
import { createDraw, smooth } from '../world/random.ts';

export type Electrical = {
  /** Volts of a phase (0..2) where `powerW` is drawn. */
  readonly voltageV: (phase: number, timeMs: number, powerW: number) => number;
  readonly frequencyHz: (timeMs: number) => number;
};

export function createElectrical(seed: number): Electrical {
  const grid = createDraw(seed, 'electrical/grid');
  return {
    voltageV: (phase, timeMs, powerW) =>
      231.5 + 5 * (smooth(grid, timeMs / 600_000 + phase * 5e6) - 0.5) - powerW * 0.00035,
    frequencyHz: (timeMs) => 50 + 0.06 * (smooth(grid, timeMs / 20_000 + 3e8) - 0.5),
  };
}

/** Reactive power of household mixtures: cos phi about 0.97. */
export const POWER_FACTOR = 0.97;
export const REACTIVE_SHARE = Math.sqrt(1 / POWER_FACTOR ** 2 - 1);
