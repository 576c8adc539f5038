/** What a device's display and wire can show of an exact register: each kind rounds in its own way. */

/** Eastron: kWh as a 32-bit float. Nearest float, so it may stand up to half a step above the exact value. */
export function shownByFloatKwh(exactMwh: number): number {
  return Math.round(Math.fround(exactMwh / 1e6) * 1e6);
}

/** SunSpec counters of whole Wh, and P1 registers with three decimals of kWh: rounded down. */
export function shownByWholeWh(exactMwh: number): number {
  return Math.floor(exactMwh / 1000) * 1000;
}
