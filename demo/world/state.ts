/** What the world keeps between its steps, and how it begins: JSON, everything that is not a function of seed and time. */
import { type Boiler, firstBoiler } from './boiler.ts';
import { METERED_DEVICES, type RelayName } from './cast.ts';
import { createDraw } from './random.ts';
import type { Register } from './register.ts';

export type Device = (typeof METERED_DEVICES)[number];

/** Places of the devices in `powersMw` and `registers`; homes follow one another. */
export const AT = { pv: 0, battery: 1, grid: 2, home: 3, p1Home: 11, laser: 12, cnc: 13, boiler: 14 } as const;

/** The inverter's power limit as SunSpec model 123 keeps it; `revertAtMs` null for no timer. */
export type PvLimit = { pct: number; isEnabled: boolean; revertS: number; revertAtMs: number | null };

export type RegisterPair = { readonly imported: Register; readonly exported: Register };

/** Of the saved state; another one cannot be continued. */
export const WORLD_VERSION = 2;

export type WorldState = {
  readonly version: typeof WORLD_VERSION;
  readonly seed: number;
  nowMs: number;
  /** Powers hold until then. */
  stepEndMs: number;
  /** Signed whole milliwatts, seen from the bus, in the order of METERED_DEVICES. */
  readonly powersMw: number[];
  readonly registers: readonly RegisterPair[];
  /** Losses of the site's own wires, and home-9's low-tariff register. */
  readonly losses: Register;
  readonly lowTariff: Register;
  pvLimit: PvLimit;
  relays: Record<RelayName, boolean>;
  boiler: Boiler;
};

export type WorldSnapshot = Readonly<WorldState>;

const PV_START_MWH = 18_342_000_000;
const GRID_EXPORTED_START_MWH = 231_000_000;

/**
 * Meters that were installed a while ago. The numbers are small because an SDM meter shows kWh as a 32-bit float:
 * from 512 to 1024 kWh its smallest step is 2^-14 kWh = 61 mWh, and every doubling of the reading doubles the step.
 * The battery starts at zero: its content follows from its registers.
 */
export function firstState(seed: number, startMs: number): WorldState {
  const draw = createDraw(seed, 'registers');
  const registers = METERED_DEVICES.map((_, n) => ({
    imported: { mwh: n === AT.pv || n === AT.battery ? 0 : 120_000_000 + Math.floor(draw(n) * 380_000_000), rest: 0 },
    exported: { mwh: n === AT.pv ? PV_START_MWH : n === AT.grid ? GRID_EXPORTED_START_MWH : 0, rest: 0 },
  }));
  return {
    version: WORLD_VERSION,
    seed,
    nowMs: startMs,
    stepEndMs: startMs,
    powersMw: METERED_DEVICES.map(() => 0),
    registers,
    losses: { mwh: 0, rest: 0 },
    lowTariff: { mwh: Math.floor((registers[AT.p1Home]?.imported.mwh ?? 0) * 0.41), rest: 0 },
    pvLimit: { pct: 100, isEnabled: false, revertS: 0, revertAtMs: null },
    // The laser is ready for whoever badges in; the boiler waits for somebody's surplus.
    relays: { 'laser-1-relay': true, 'boiler-1': false },
    boiler: firstBoiler(),
  };
}
