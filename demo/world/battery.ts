/** The battery's own controller: it stores surplus and covers deficits, within its power and charge limits. */

export const BATTERY = { capacityWh: 20_000, powerMaxW: 10_000, socMinPct: 8, socMaxPct: 96, oneWay: 0.972 } as const;

/** Stored energy from the registers alone, so that it does not depend on how time was cut into steps. */
export function storedWh(initialWh: number, chargedMwh: number, dischargedMwh: number): number {
  return initialWh + (chargedMwh / 1000) * BATTERY.oneWay - dischargedMwh / 1000 / BATTERY.oneWay;
}

/**
 * AC power for the next step, watts, charging positive. `surplusW` is what PV leaves over after all loads.
 * It never plans more than the room or the content left for a step of `stepMs`.
 */
export function batteryPowerW(surplusW: number, contentWh: number, stepMs: number): number {
  const hours = stepMs / 3_600_000;
  const { capacityWh, powerMaxW, socMaxPct, socMinPct, oneWay } = BATTERY;
  if (surplusW > 60) {
    const roomWh = Math.max(0, (capacityWh * socMaxPct) / 100 - contentWh);
    // Near full the cells take less: the last tenth tapers.
    const taperW = powerMaxW * Math.min(1, 0.05 + roomWh / (capacityWh * 0.1));
    return Math.min(surplusW * 0.985, powerMaxW, taperW, roomWh / hours / oneWay);
  }
  if (surplusW < -60) {
    const leftWh = Math.max(0, contentWh - (capacityWh * socMinPct) / 100);
    return -Math.min(-surplusW * 0.985, powerMaxW, (leftWh / hours) * oneWay);
  }
  return 0;
}
