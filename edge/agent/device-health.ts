/** Whether one device can be read: says so once when it changes, and marks what is missing meanwhile. */
import { type DeviceEvent, isCoded, type PointName, QUARTER_HOUR_MS, type Sample } from '@commonworks/core';

/** Whether a meter that must show energy does, and what came instead. */
export type Energy = { readonly isThere: boolean; readonly came: string };

export type DeviceHealth = {
  /** The event of a device that is back (or there for the first time), or that shows no energy; else null. */
  readonly succeed: (energy?: Energy) => DeviceEvent | null;
  /** The event of a device that is lost, and what to record as missing at this instant. */
  readonly fail: (error: unknown, timeMs: number) => { event: DeviceEvent | null; missing: Sample[] };
  readonly state: () => DeviceEvent['state'] | 'never-seen';
};

/** A single lost reply is no news. */
const FAILURES_BEFORE_EVENT = 2;
/** Meters that send their registers only now and then do so within this. */
const ENERGY_WITHIN_MS = 60_000;

export function noEnergy(came: string): string {
  return came === '' ? 'it shows no energy register' : `it shows no energy register: ${came}`;
}

export function createDeviceHealth(
  device: string,
  kept: ReadonlySet<PointName>,
  monotonicMs: () => number = () => performance.now(),
): DeviceHealth {
  let state: DeviceEvent['state'] | 'never-seen' = 'never-seen';
  let failures = 0;
  let hasShownEnergy = false;
  let firstMs: number | null = null;
  const become = (next: DeviceEvent): DeviceEvent | null => {
    if (next.state === state) return null;
    state = next.state;
    return next;
  };
  return {
    state: () => state,
    succeed: ({ isThere, came } = { isThere: true, came: '' }) => {
      failures = 0;
      if (isThere) hasShownEnergy = true;
      firstMs ??= monotonicMs();
      if (!hasShownEnergy && monotonicMs() - firstMs >= ENERGY_WITHIN_MS) {
        const reason = noEnergy(came).slice(0, 500);
        return become({ state: 'misconfigured', code: 'edge.no-energy-register', reason });
      }
      return become({ state: 'online', code: '', reason: '' });
    },
    fail: (error, timeMs) => {
      failures += 1;
      const code = isCoded(error) ? error.code : 'edge.modbus-timeout';
      const reason = (error instanceof Error ? error.message : String(error)).slice(0, 500);
      const isLost = failures >= FAILURES_BEFORE_EVENT || state === 'never-seen';
      const event = isLost ? become({ state: lostState(error), code, reason }) : null;
      // The hole is marked where it begins and at each interval's edge; more would only fill the log.
      const isMarked = failures === 1 || timeMs % QUARTER_HOUR_MS === 0;
      return { event, missing: isMarked ? missingSamples(device, kept, timeMs) : [] };
    },
  };
}

function missingSamples(device: string, kept: ReadonlySet<PointName>, timeMs: number): Sample[] {
  return [...kept].map((point) => ({ device, point, timeMs, value: null, quality: 'missing' }));
}

const MISCONFIGURED = [
  'edge.modbus-foreign-unit',
  'edge.no-energy-register',
  'edge.sunspec-absent',
  'edge.sunspec-model-absent',
] as const;

/** The device answers, but not as its profile says: a person must look. */
function lostState(error: unknown): 'unreachable' | 'misconfigured' {
  if (MISCONFIGURED.some((code) => isCoded(error, code))) return 'misconfigured';
  if (!isCoded(error, 'edge.modbus-exception')) return 'unreachable';
  return [1, 2, 3].includes(Number(error.detail['exception'])) ? 'misconfigured' : 'unreachable';
}
