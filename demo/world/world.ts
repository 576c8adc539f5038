/** The simulated community: a deterministic function of seed, time and the controls it was given, with exact registers. */
import { invariant } from '@commonworks/core';
import { BATTERY, batteryPowerW, storedWh } from './battery.ts';
import { HOMES, METERED_DEVICES } from './cast.ts';
import { createCurves } from './curves.ts';
import { createWallClock, type WallClock } from './local-time.ts';
import { cutOf, type MachineMoment, machineMoment, machinePowerW } from './machine-power.ts';
import { PV_RATED_W } from './pv.ts';
import { createDraw } from './random.ts';
import { addEnergy, type Register } from './register.ts';
import { createWeather } from './weather.ts';
import { createWorkshopPlan, type MachineName, type WorkshopPlan } from './workshop-plan.ts';

/** Power is decided anew on every multiple of this, and held in between. */
const STEP_MS = 10_000;
const QUARTER_MS = 900_000;

export type Device = (typeof METERED_DEVICES)[number];
export type Registers = { readonly imported: Register; readonly exported: Register };

/** The inverter's power limit as SunSpec model 123 keeps it; `revertAtMs` null for no timer. */
export type PvLimit = { pct: number; isEnabled: boolean; revertS: number; revertAtMs: number | null };

/** Everything that is not a function of seed and time; JSON. */
export type WorldSnapshot = {
  readonly version: 1;
  readonly seed: number;
  readonly nowMs: number;
  readonly stepEndMs: number;
  readonly powersMw: readonly number[];
  readonly registers: readonly { imported: Register; exported: Register }[];
  /** Losses of the site's own wires, and home-9's low-tariff register. */
  readonly losses: Register;
  readonly lowTariff: Register;
  readonly pvLimit: PvLimit;
  readonly isRelayOn: boolean;
};

export type World = {
  readonly nowMs: () => number;
  readonly clock: WallClock;
  readonly plan: WorkshopPlan;
  /** Forward only. */
  readonly advanceTo: (timeMs: number) => void;
  /** Signed whole milliwatts of the present step, seen from the bus. */
  readonly powerMw: (device: Device) => number;
  readonly registers: (device: Device) => Registers;
  readonly lossesMwh: () => number;
  readonly lowTariffMwh: () => number;
  readonly socPct: () => number;
  readonly pvLimit: () => Readonly<PvLimit>;
  readonly setPvLimit: (limit: { pct: number; isEnabled: boolean; revertS: number }) => void;
  readonly isRelayOn: () => boolean;
  readonly setRelay: (isOn: boolean) => void;
  readonly machine: (machine: MachineName) => MachineMoment;
  /** The next quarter hour, or badge or machine event before it. */
  readonly nextInstantMs: () => number;
  readonly snapshot: () => WorldSnapshot;
};

export type WorldOptions = { readonly seed: number; readonly startMs: number; readonly zone: string };

const BATTERY_START_WH = 9000;
const index = new Map<string, number>(METERED_DEVICES.map((device, at) => [device, at]));
const PV = 0;
const BAT = 1;
const GRID = 2;
const HOME = 3;
const LASER = HOME + HOMES.length;
const CNC = LASER + 1;
const P1_HOME = HOME + 8;

export function createWorld(options: WorldOptions, saved?: WorldSnapshot): World {
  const { seed, zone } = options;
  const clock = createWallClock(zone);
  const curves = createCurves(seed, createWeather(seed), clock);
  const plan = createWorkshopPlan(seed, clock);
  const cutDraw = createDraw(seed, 'workshop/cut');
  const state = structuredClone(saved ?? firstState(options)) as Mutable<WorldSnapshot>;
  const powers = state.powersMw as number[];

  const contentWh = () => storedWh(BATTERY_START_WH, at(BAT).imported.mwh, at(BAT).exported.mwh);
  const at = (n: number) => {
    const registers = state.registers[n];
    invariant(registers !== undefined, 'every device has registers');
    return registers;
  };

  /** Decides all powers from the state at `timeMs`; whole milliwatts, so that their sum is exact. */
  const decide = (timeMs: number) => {
    const limit = state.pvLimit;
    const limitW = limit.isEnabled ? (PV_RATED_W * limit.pct) / 100 : PV_RATED_W;
    powers[PV] = 0 - milli(Math.min(curves.pvW(timeMs), limitW));
    for (let home = 0; home < HOMES.length; home++) powers[HOME + home] = milli(curves.homeW(home, timeMs));
    const laserW = machinePowerW('laser-1', machineMoment(plan, 'laser-1', timeMs), cutOf(cutDraw, 'laser-1', timeMs));
    powers[LASER] = state.isRelayOn ? milli(laserW) : 0;
    powers[CNC] = milli(machinePowerW('cnc-1', machineMoment(plan, 'cnc-1', timeMs), cutOf(cutDraw, 'cnc-1', timeMs)));
    let othersMw = 0;
    for (let n = HOME; n <= CNC; n++) othersMw += powers[n] ?? 0;
    const surplusW = (-(powers[PV] ?? 0) - othersMw) / 1000;
    powers[BAT] = milli(batteryPowerW(surplusW, contentWh(), STEP_MS));
    powers[GRID] = (powers[PV] ?? 0) + (powers[BAT] ?? 0) + othersMw + lossesMw(powers);
  };

  const accumulate = (durationMs: number) => {
    for (let n = 0; n < powers.length; n++) {
      const power = powers[n] ?? 0;
      if (power > 0) addEnergy(at(n).imported, power, durationMs);
      else if (power < 0) addEnergy(at(n).exported, -power, durationMs);
    }
    addEnergy(state.losses, lossesMw(powers), durationMs);
    if (isLowTariff(state.nowMs, clock)) addEnergy(state.lowTariff, powers[P1_HOME] ?? 0, durationMs);
  };

  const advanceTo = (timeMs: number) => {
    invariant(timeMs >= state.nowMs, 'the world only moves forward');
    while (state.nowMs < timeMs) {
      const { revertAtMs } = state.pvLimit;
      if (revertAtMs !== null && state.nowMs >= revertAtMs) {
        state.pvLimit = { ...state.pvLimit, isEnabled: false, revertAtMs: null };
        decide(state.nowMs);
      }
      if (state.nowMs >= state.stepEndMs) {
        decide(state.nowMs);
        state.stepEndMs = (Math.floor(state.nowMs / STEP_MS) + 1) * STEP_MS;
      }
      const endMs = Math.min(timeMs, state.stepEndMs, state.pvLimit.revertAtMs ?? Number.POSITIVE_INFINITY);
      accumulate(endMs - state.nowMs);
      state.nowMs = endMs;
    }
  };

  return {
    nowMs: () => state.nowMs,
    clock,
    plan,
    advanceTo,
    powerMw: (device) => powers[index.get(device) ?? -1] ?? 0,
    registers: (device) => at(index.get(device) ?? -1),
    lossesMwh: () => state.losses.mwh,
    lowTariffMwh: () => state.lowTariff.mwh,
    socPct: () => (contentWh() / BATTERY.capacityWh) * 100,
    pvLimit: () => state.pvLimit,
    setPvLimit: ({ pct, isEnabled, revertS }) => {
      const revertAtMs = isEnabled && revertS > 0 ? state.nowMs + revertS * 1000 : null;
      state.pvLimit = { pct, isEnabled, revertS, revertAtMs };
      decide(state.nowMs);
    },
    isRelayOn: () => state.isRelayOn,
    setRelay: (isOn) => {
      state.isRelayOn = isOn;
      decide(state.nowMs);
    },
    machine: (machine) => machineMoment(plan, machine, state.nowMs),
    nextInstantMs: () => {
      const quarterMs = (Math.floor(state.nowMs / QUARTER_MS) + 1) * QUARTER_MS;
      return Math.min(quarterMs, plan.nextEventMs(state.nowMs) ?? quarterMs);
    },
    snapshot: () => structuredClone(state),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function milli(watts: number): number {
  // Plus zero: there is no -0 W, and JSON would not keep it.
  return Math.round(watts * 1000) + 0;
}

/** Cables, fuses and the meters themselves: 18 W, and 0.35 % of what is consumed and produced. */
function lossesMw(powers: readonly number[]): number {
  let throughput = 0;
  for (let n = 0; n < powers.length; n++) if (n !== GRID) throughput += Math.abs(powers[n] ?? 0);
  return 18_000 + Math.round(throughput * 0.0035);
}

/** Nights from 21:00 to 7:00 and weekends. */
function isLowTariff(timeMs: number, clock: WallClock): boolean {
  const localMs = timeMs + clock.offsetMs(timeMs);
  const hour = (localMs / 3_600_000) % 24;
  const weekday = (Math.floor(localMs / 86_400_000) + 4) % 7;
  return hour >= 21 || hour < 7 || weekday === 0 || weekday === 6;
}

/**
 * Meters that were installed a while ago. The numbers are small because an SDM meter shows kWh as a 32-bit float:
 * from 512 to 1024 kWh its smallest step is 2^-14 kWh = 61 mWh, and every doubling of the reading doubles the step.
 */
function firstState({ seed, startMs }: WorldOptions): WorldSnapshot {
  const draw = createDraw(seed, 'registers');
  const registers = METERED_DEVICES.map((_, n) => ({
    imported: { mwh: n === PV ? 0 : 120_000_000 + Math.floor(draw(n) * 380_000_000), rest: 0 },
    exported: { mwh: n === PV ? 18_342_000_000 : n === GRID || n === BAT ? 231_000_000 : 0, rest: 0 },
  }));
  // The battery's content follows from its registers: whatever they show at the start is already gone.
  const battery = registers[BAT];
  if (battery !== undefined) {
    battery.imported.mwh = 0;
    battery.exported.mwh = 0;
  }
  return {
    version: 1,
    seed,
    nowMs: startMs,
    stepEndMs: startMs,
    powersMw: METERED_DEVICES.map(() => 0),
    registers,
    losses: { mwh: 0, rest: 0 },
    lowTariff: { mwh: Math.floor((registers[P1_HOME]?.imported.mwh ?? 0) * 0.41), rest: 0 },
    pvLimit: { pct: 100, isEnabled: false, revertS: 0, revertAtMs: null },
    isRelayOn: true,
  };
}
