/** One step of the world: all powers are decided together, then held while the registers turn. */
import { BATTERY, batteryPowerW, storedWh } from './battery.ts';
import { boilerPowerMw, heatBoiler } from './boiler.ts';
import { HOMES } from './cast.ts';
import { createCurves } from './curves.ts';
import type { WallClock } from './local-time.ts';
import { cutOf, machineMoment, machinePowerW } from './machine-power.ts';
import { PV_RATED_W } from './pv.ts';
import { createDraw } from './random.ts';
import { addEnergy } from './register.ts';
import { AT, type WorldState } from './state.ts';
import { createWeather } from './weather.ts';
import type { MachineName, WorkshopPlan } from './workshop-plan.ts';

/** Power is decided anew on every multiple of this. */
const STEP_MS = 10_000;
const BATTERY_START_WH = 9000;

/** Writes the powers of the present instant into the state; whole milliwatts, so that their sum is exact. */
export type Decide = (state: WorldState) => void;

export function createDecide(seed: number, { clock, plan }: { clock: WallClock; plan: WorkshopPlan }): Decide {
  const curves = createCurves(seed, createWeather(seed), clock);
  const cut = createDraw(seed, 'workshop/cut');
  const machineW = (machine: MachineName, timeMs: number) =>
    machinePowerW(machine, machineMoment(plan, machine, timeMs), cutOf(cut, machine, timeMs));
  return (state) => {
    const { nowMs: timeMs, pvLimit: limit, powersMw } = state;
    const limitW = limit.isEnabled ? (PV_RATED_W * limit.pct) / 100 : PV_RATED_W;
    const pvMw = -milli(Math.min(curves.pvW(timeMs), limitW));
    let loadMw = 0;
    const load = (at: number, powerMw: number) => {
      powersMw[at] = powerMw;
      loadMw += powerMw;
    };
    for (let home = 0; home < HOMES.length; home++) load(AT.home + home, milli(curves.homeW(home, timeMs)));
    load(AT.laser, state.relays['laser-1-relay'] ? milli(machineW('laser-1', timeMs)) : 0);
    load(AT.cnc, milli(machineW('cnc-1', timeMs)));
    load(AT.boiler, boilerPowerMw(state.boiler, state.relays['boiler-1']));
    powersMw[AT.pv] = pvMw + 0;
    powersMw[AT.battery] = milli(batteryPowerW((-pvMw - loadMw) / 1000, contentWh(state), STEP_MS));
    powersMw[AT.grid] = pvMw + (powersMw[AT.battery] ?? 0) + loadMw + lossesMw(powersMw);
  };
}

/** Moves the state to `timeMs` in steps; a limit's timer ends a step to the millisecond. */
export function advance(state: WorldState, timeMs: number, parts: { decide: Decide; clock: WallClock }): void {
  while (state.nowMs < timeMs) {
    const { revertAtMs } = state.pvLimit;
    const isReverting = revertAtMs !== null && state.nowMs >= revertAtMs;
    if (isReverting) state.pvLimit = { ...state.pvLimit, isEnabled: false, revertAtMs: null };
    if (isReverting || state.nowMs >= state.stepEndMs) {
      parts.decide(state);
      state.stepEndMs = (Math.floor(state.nowMs / STEP_MS) + 1) * STEP_MS;
    }
    const endMs = Math.min(timeMs, state.stepEndMs, state.pvLimit.revertAtMs ?? Number.POSITIVE_INFINITY);
    accumulate(state, endMs - state.nowMs, parts.clock);
    state.nowMs = endMs;
  }
}

function accumulate(state: WorldState, durationMs: number, clock: WallClock): void {
  const { powersMw, registers } = state;
  for (let n = 0; n < powersMw.length; n++) {
    const power = powersMw[n] ?? 0;
    const pair = registers[n];
    if (pair === undefined || power === 0) continue;
    addEnergy(power > 0 ? pair.imported : pair.exported, Math.abs(power), durationMs);
  }
  heatBoiler(state.boiler, powersMw[AT.boiler] ?? 0, durationMs);
  addEnergy(state.losses, lossesMw(powersMw), durationMs);
  if (isLowTariff(state.nowMs, clock)) addEnergy(state.lowTariff, powersMw[AT.p1Home] ?? 0, durationMs);
}

/** From the registers alone, so that it does not depend on how time was cut. */
export function contentWh(state: WorldState): number {
  const battery = state.registers[AT.battery];
  return storedWh(BATTERY_START_WH, battery?.imported.mwh ?? 0, battery?.exported.mwh ?? 0);
}

export function chargePct(state: WorldState): number {
  return (contentWh(state) / BATTERY.capacityWh) * 100;
}

function milli(watts: number): number {
  // Plus zero: there is no -0 W, and JSON would not keep it.
  return Math.round(watts * 1000) + 0;
}

/** Cables, fuses and the meters themselves: 18 W, and 0.35 % of what is consumed and produced. */
function lossesMw(powersMw: readonly number[]): number {
  let throughput = 0;
  for (let n = 0; n < powersMw.length; n++) if (n !== AT.grid) throughput += Math.abs(powersMw[n] ?? 0);
  return 18_000 + Math.round(throughput * 0.0035);
}

/** Nights from 21:00 to 7:00 and weekends. */
function isLowTariff(timeMs: number, clock: WallClock): boolean {
  const localMs = timeMs + clock.offsetMs(timeMs);
  const hour = (localMs / 3_600_000) % 24;
  const weekday = (Math.floor(localMs / 86_400_000) + 4) % 7;
  return hour >= 21 || hour < 7 || weekday === 0 || weekday === 6;
}
