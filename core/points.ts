/** The catalogue of points: what a series may be called, its unit and how it behaves. */

/** `counter` only ever rises (until a reset), `gauge` is an instantaneous value, `state` is a word, `ratio` is 0..100 %. */
export type PointKind = 'counter' | 'gauge' | 'state';

export type Point = {
  readonly kind: PointKind;
  /** SenML unit (RFC 8428 / RFC 8798); absent for states. */
  readonly unit?: string;
  readonly title: string;
};

/**
 * Sign seen from the community's bus: flow out of the bus is positive (load, charging), into it negative (PV,
 * discharging); at the grid connection import is positive. Energy registers are unsigned, same viewpoint.
 */
export const POINTS = {
  activePowerW: { kind: 'gauge', unit: 'W', title: 'Active power' },
  activePowerL1W: { kind: 'gauge', unit: 'W', title: 'Active power, phase L1' },
  activePowerL2W: { kind: 'gauge', unit: 'W', title: 'Active power, phase L2' },
  activePowerL3W: { kind: 'gauge', unit: 'W', title: 'Active power, phase L3' },
  activePowerLimitPct: { kind: 'gauge', unit: '/100', title: 'Active power limit' },
  importedWh: { kind: 'counter', unit: 'Wh', title: 'Imported energy (OBIS 1.8.0)' },
  exportedWh: { kind: 'counter', unit: 'Wh', title: 'Exported energy (OBIS 2.8.0)' },
  voltageV: { kind: 'gauge', unit: 'V', title: 'Voltage' },
  voltageL1V: { kind: 'gauge', unit: 'V', title: 'Voltage, phase L1' },
  voltageL2V: { kind: 'gauge', unit: 'V', title: 'Voltage, phase L2' },
  voltageL3V: { kind: 'gauge', unit: 'V', title: 'Voltage, phase L3' },
  currentA: { kind: 'gauge', unit: 'A', title: 'Current' },
  currentL1A: { kind: 'gauge', unit: 'A', title: 'Current, phase L1' },
  currentL2A: { kind: 'gauge', unit: 'A', title: 'Current, phase L2' },
  currentL3A: { kind: 'gauge', unit: 'A', title: 'Current, phase L3' },
  apparentPowerVA: { kind: 'gauge', unit: 'VA', title: 'Apparent power' },
  reactivePowerVar: { kind: 'gauge', unit: 'var', title: 'Reactive power' },
  powerFactor: { kind: 'gauge', unit: '/', title: 'Power factor' },
  frequencyHz: { kind: 'gauge', unit: 'Hz', title: 'Frequency' },
  socPct: { kind: 'gauge', unit: '%EL', title: 'State of charge' },
  temperatureC: { kind: 'gauge', unit: 'Cel', title: 'Temperature' },
  relayOn: { kind: 'gauge', unit: '/', title: 'Relay: 1 on, 0 off' },
  operatingState: { kind: 'state', title: 'Operating state of the device' },
  activity: { kind: 'state', title: 'Machine activity' },
  progressPct: { kind: 'gauge', unit: '/100', title: 'Job progress' },
} as const satisfies Record<string, Point>;

export type PointName = keyof typeof POINTS;

export function isPointName(name: string): name is PointName {
  return Object.hasOwn(POINTS, name);
}

/** What a machine is doing (shared/firmware vocabulary); `unknown` is a value of its own. */
export const ACTIVITIES = ['off', 'idle', 'running', 'hold', 'alarm', 'unknown'] as const;
export type Activity = (typeof ACTIVITIES)[number];
