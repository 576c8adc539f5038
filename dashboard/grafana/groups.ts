/** The groups of the energy-flow picture: colours as on our own pages, devices by the beginning of their names. */
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';

export const COLOURS = {
  sun: '#E69F00',
  battery: '#009E73',
  gridImport: '#56606B',
  gridExport: '#0072B2',
  homes: '#CC79A7',
  workshop: '#56B4E9',
  alarm: '#D55E00',
} as const;

/**
 * Whoever names devices otherwise changes these patterns and generates anew. They stand in the queries as they are:
 * Grafana escapes a variable inside a regular expression, so a variable cannot hold a pattern.
 */
export const GROUPS = [
  { key: 'sun', title: 'Sun', devices: '^(pv|inverter)', colour: COLOURS.sun },
  { key: 'battery', title: 'Battery', devices: '^bat', colour: COLOURS.battery },
  { key: 'grid', title: 'Grid', devices: '^grid', colour: COLOURS.gridImport },
  { key: 'homes', title: 'Homes', devices: '^home', colour: COLOURS.homes },
  { key: 'workshop', title: 'Workshop', devices: '^(laser|cnc|printer|workshop)', colour: COLOURS.workshop },
] as const;

export function fixedColour(colour: string): DynamicConfigValue[] {
  return [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }];
}

/** Rank of core/quality.ts to word and colour; the word stands beside the colour everywhere. */
export const QUALITY_WORDS = [
  { text: 'good', color: COLOURS.battery },
  { text: 'estimated', color: COLOURS.workshop },
  { text: 'stale', color: COLOURS.gridImport },
  { text: 'implausible', color: COLOURS.sun },
  { text: 'fault', color: COLOURS.alarm },
  { text: 'missing', color: COLOURS.homes },
] as const;

export const ACTIVITY_COLOURS = {
  off: COLOURS.gridImport,
  idle: COLOURS.gridExport,
  running: COLOURS.battery,
  hold: COLOURS.sun,
  alarm: COLOURS.alarm,
  unknown: COLOURS.homes,
} as const;

export type GroupKey = (typeof GROUPS)[number]['key'];

/** The InfluxQL condition for a group's devices. */
export function inGroup(key: GroupKey): string {
  const group = GROUPS.find((candidate) => candidate.key === key);
  return `"device" =~ /${group?.devices ?? '^$'}/`;
}
