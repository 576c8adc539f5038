/** An exact energy register: whole milliwatt-hours plus the rest, in integers, so that no step is ever lost. */

/** `rest` is in microjoules (mW x ms), below one mWh = 3.6 J = 3,600,000 microjoules. */
export type Register = { mwh: number; rest: number };

const MICROJOULE_PER_MWH = 3_600_000;

/** `powerMw` whole milliwatts, never negative, over whole milliseconds: at most 10^9 mW x 10^6 ms, exact in doubles. */
export function addEnergy(register: Register, powerMw: number, durationMs: number): void {
  const total = register.rest + powerMw * durationMs;
  const whole = Math.floor(total / MICROJOULE_PER_MWH);
  register.mwh += whole;
  register.rest = total - whole * MICROJOULE_PER_MWH;
}
