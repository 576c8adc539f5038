/** What a machine without a talking controller is doing, read from its meter, with hysteresis. */
import type { Activity } from '../points.ts';

/** Watts. Between `idleBelowW` and `runningFromW` the machine goes on doing what it did: a pause in a cut is no end. */
export type PowerThresholds = {
  readonly offBelowW: number;
  readonly idleBelowW: number;
  readonly runningFromW: number;
};

/** Used when a machine has no thresholds of its own: a standby lamp is off, a chiller alone is idle. */
export const DEFAULT_THRESHOLDS: PowerThresholds = { offBelowW: 10, idleBelowW: 250, runningFromW: 400 };

/** Null power (missing) is unknown; after unknown the band between the thresholds counts as idle: time is not invented. */
export function activityFromPower(before: Activity, powerW: number | null, thresholds: PowerThresholds): Activity {
  if (powerW === null) return 'unknown';
  if (powerW >= thresholds.runningFromW) return 'running';
  if (powerW < thresholds.offBelowW) return 'off';
  if (powerW < thresholds.idleBelowW) return 'idle';
  return before === 'running' ? 'running' : 'idle';
}
