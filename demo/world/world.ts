/** The simulated community: a deterministic function of seed, time and the controls it was given, with exact registers. */
import { invariant } from '@commonworks/core';
import { METERED_DEVICES, type RelayName } from './cast.ts';
import { createWallClock, type WallClock } from './local-time.ts';
import { type MachineMoment, machineMoment } from './machine-power.ts';
import {
  type Device,
  firstState,
  type PvLimit,
  type RegisterPair,
  type WorldSnapshot,
  type WorldState,
} from './state.ts';
import { advance, chargePct, createDecide } from './step.ts';
import { createWorkshopPlan, type MachineName, type WorkshopPlan } from './workshop-plan.ts';

const QUARTER_MS = 900_000;

export type World = {
  readonly nowMs: () => number;
  readonly clock: WallClock;
  readonly plan: WorkshopPlan;
  /** Forward only. */
  readonly advanceTo: (timeMs: number) => void;
  /** Signed whole milliwatts of the present step, seen from the bus. */
  readonly powerMw: (device: Device) => number;
  readonly registers: (device: Device) => RegisterPair;
  readonly lossesMwh: () => number;
  readonly lowTariffMwh: () => number;
  readonly socPct: () => number;
  readonly pvLimit: () => Readonly<PvLimit>;
  /** Acts at once and starts the timer anew; `revertS` 0 is no timer. */
  readonly setPvLimit: (limit: Omit<PvLimit, 'revertAtMs'>) => void;
  readonly isRelayOn: (relay: RelayName) => boolean;
  readonly setRelay: (relay: RelayName, isOn: boolean) => void;
  readonly machine: (machine: MachineName) => MachineMoment;
  /** The next quarter hour, or badge or machine event before it. */
  readonly nextInstantMs: () => number;
  readonly snapshot: () => WorldSnapshot;
};

export type WorldOptions = { readonly seed: number; readonly startMs: number; readonly zone: string };

const index = new Map<string, number>(METERED_DEVICES.map((device, at) => [device, at]));

/** Continues from `saved` when there is one; then `startMs` does not matter. */
export function createWorld({ seed, startMs, zone }: WorldOptions, saved?: WorldSnapshot): World {
  const clock = createWallClock(zone);
  const plan = createWorkshopPlan(seed, clock);
  const state: WorldState = saved === undefined ? firstState(seed, startMs) : structuredClone(saved);
  const decide = createDecide(seed, { clock, plan });
  return {
    nowMs: () => state.nowMs,
    clock,
    plan,
    advanceTo: (timeMs) => {
      invariant(timeMs >= state.nowMs, 'the world only moves forward');
      advance(state, timeMs, { decide, clock });
    },
    powerMw: (device) => state.powersMw[index.get(device) ?? -1] ?? 0,
    registers: (device) => {
      const pair = state.registers[index.get(device) ?? -1];
      invariant(pair !== undefined, 'every device has registers');
      return pair;
    },
    lossesMwh: () => state.losses.mwh,
    lowTariffMwh: () => state.lowTariff.mwh,
    socPct: () => chargePct(state),
    pvLimit: () => state.pvLimit,
    setPvLimit: ({ pct, isEnabled, revertS }) => {
      const revertAtMs = isEnabled && revertS > 0 ? state.nowMs + revertS * 1000 : null;
      state.pvLimit = { pct, isEnabled, revertS, revertAtMs };
      decide(state);
    },
    isRelayOn: (relay) => state.relays[relay],
    setRelay: (relay, isOn) => {
      state.relays[relay] = isOn;
      decide(state);
    },
    machine: (machine) => machineMoment(plan, machine, state.nowMs),
    nextInstantMs: () => {
      const quarterMs = (Math.floor(state.nowMs / QUARTER_MS) + 1) * QUARTER_MS;
      return Math.min(quarterMs, plan.nextEventMs(state.nowMs) ?? quarterMs);
    },
    snapshot: () => structuredClone(state),
  };
}
