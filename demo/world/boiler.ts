/** The house's hot-water tank: heats only while its relay gives power, and by its own thermostat. */

/** 300 l between 25 and 60 degrees; 320 W is what taps and insulation take on average. */
export const BOILER = { powerW: 2000, capacityWh: 12_200, againBelowPct: 90, drawnW: 320 } as const;

/** Heat above cold in whole microjoules (mW x ms): exact, so that it does not depend on how time was cut. */
export type Boiler = { heatUj: number; isHeating: boolean };

const UJ_PER_WH = 3_600_000_000;
const FULL_UJ = BOILER.capacityWh * UJ_PER_WH;
const AGAIN_UJ = (FULL_UJ * BOILER.againBelowPct) / 100;

export function firstBoiler(): Boiler {
  return { heatUj: FULL_UJ / 4, isHeating: false };
}

/** Decided with all other powers; the thermostat has a hysteresis. Whole milliwatts. */
export function boilerPowerMw(boiler: Boiler, isRelayOn: boolean): number {
  const isWanted = boiler.heatUj < (boiler.isHeating ? FULL_UJ : AGAIN_UJ);
  boiler.isHeating = isRelayOn && isWanted;
  return boiler.isHeating ? BOILER.powerW * 1000 : 0;
}

export function heatBoiler(boiler: Boiler, powerMw: number, durationMs: number): void {
  boiler.heatUj = Math.max(0, boiler.heatUj + (powerMw - BOILER.drawnW * 1000) * durationMs);
}
