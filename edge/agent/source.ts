/** What the agent reads on its ticks: one device, whatever wire it is on. */
import { type CommandKind, type IdentityEvent, POINTS, type PointName } from '@commonworks/core';
import type { Profile } from '../profile/schema.ts';
import type { Reading } from '../read/point-value.ts';

export type Snapshot = {
  readonly timeMs: number | null;
  readonly readings: ReadonlyMap<PointName, Reading>;
  /** What came and what was expected, in words, for a meter that shows no energy. */
  readonly came?: string;
};
export type ReadMode = { readonly isReplaying: boolean };

export type Source = {
  readonly device: string;
  readonly title: string;
  readonly profile: string;
  readonly points: readonly PointName[];
  readonly commands: readonly CommandKind[];
  readonly periodMs: number;
  /** Points that are kept for ever; the others are only shown live. */
  readonly kept: ReadonlySet<PointName>;
  /** A meter that never shows an energy register is not the one its profile describes. */
  readonly needsEnergy: boolean;
  /** Which device it is; null when it does not say. */
  readonly identify: () => Promise<IdentityEvent | null>;
  /** `timeMs` null: the instant of the tick. Throws CodedError when the device cannot be read. */
  readonly read: (tickMs: number, mode: ReadMode) => Promise<Snapshot>;
};

/** Sources that share a wire and are read one after the other; different lines are read at the same time. */
export type Line = { readonly name: string; readonly sources: readonly Source[] };

const KEPT_GAUGES: readonly PointName[] = ['activePowerW', 'socPct', 'relayOn', 'activePowerLimitPct', 'progressPct'];

/** Counters, states and power are kept unless the profile says otherwise. */
export function keptPoints(profile: Profile): Set<PointName> {
  const kept = new Set<PointName>();
  for (const [name, rule] of Object.entries(profile.points)) {
    const point = name as PointName;
    const isKeptByNature = POINTS[point].kind !== 'gauge' || KEPT_GAUGES.includes(point);
    const lane = 'lane' in rule && rule.lane !== undefined ? rule.lane : isKeptByNature ? 'data' : 'live';
    if (lane === 'data') kept.add(point);
  }
  return kept;
}

export function profilePoints(profile: Profile): PointName[] {
  return Object.keys(profile.points) as PointName[];
}

const ENERGY: readonly PointName[] = ['importedWh', 'exportedWh'];

/** Of an inverter that has never fed in, or sleeps, "no energy yet" is right; a meter always has its register. */
export function needsEnergy(profile: Profile): boolean {
  return profile.kind !== 'sunspec' && ENERGY.some((point) => point in profile.points);
}

export function hasEnergy({ readings }: Pick<Snapshot, 'readings'>): boolean {
  return ENERGY.some((point) => typeof readings.get(point)?.value === 'number');
}
