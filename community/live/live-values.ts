/** The newest values of every device from the live lane, in memory, bounded; a value has an age and can be too old. */
import { type DeviceDescription, type EdgeStatus, type LiveValues, type Quality, SKEW_MAX_MS } from '@commonworks/core';
import { createStamps, type LiveClock } from './stamps.ts';

/** Older than this many of its reading periods, a value is not live. */
export const STALE_AFTER_PERIODS = 3;
const DEFAULT_PERIOD_MS = 10_000;
/** A value is not called stale for the network's jitter alone. */
const STALE_AFTER_MIN_MS = 5000;
const DEVICES_MAX = 10_000;
/** One edge that invents devices must not take the room of the others. */
const DEVICES_PER_EDGE_MAX = 2000;
const POINTS_MAX = 64;

export type LiveValue = {
  readonly value: number | string | null;
  readonly quality: Quality;
  readonly timeMs: number;
  readonly arrivedMs: number;
};
export type LiveDevice = {
  readonly edge: string;
  readonly device: string;
  /** The agent's stamp in the hub's time; never more than a little ahead of it. */
  readonly timeMs: number;
  /** When it came, by a clock that nobody sets: what is stale is said by this, not by stamps. */
  readonly arrivedMs: number;
  readonly points: ReadonlyMap<string, LiveValue>;
};

export type LiveValuesStore = ReturnType<typeof createLiveValues>;

/** Without a clock stamps are taken for arrivals, as a replay needs it that tells the past. */
export function createLiveValues(clock?: LiveClock) {
  const stamps = createStamps(clock);
  const devices = new Map<string, LiveDevice>();
  const statuses = new Map<string, EdgeStatus>();
  const announced = new Map<string, DeviceDescription>();
  const takeDevices = createAnnouncements(announced);
  const devicesOf = new Map<string, number>();
  const staleAfterMs = (edge: string, device: string) => {
    const periodMs = announced.get(key(edge, device))?.periodMs ?? DEFAULT_PERIOD_MS;
    return Math.max(STALE_AFTER_MIN_MS, STALE_AFTER_PERIODS * periodMs);
  };
  const isOld = ({ edge, device, arrivedMs }: LiveDevice, nowMs: number) =>
    (clock?.elapsed() ?? nowMs) - arrivedMs > staleAfterMs(edge, device);
  /** Late on the way, not sent by a clock that was set back: then what is known is stale, or lies ahead of the hub's time. */
  const isLate = (known: LiveDevice, timeMs: number) =>
    timeMs < known.timeMs &&
    (clock === undefined || (!isOld(known, clock.now()) && known.timeMs <= clock.now() + SKEW_MAX_MS));
  return {
    /** False when it was older than what is known, or one device too many. */
    take(edge: string, values: LiveValues): boolean {
      const known = devices.get(key(edge, values.device));
      const count = devicesOf.get(edge) ?? 0;
      if (known === undefined && (devices.size >= DEVICES_MAX || count >= DEVICES_PER_EDGE_MAX)) return false;
      const timeMs = stamps.align(values.timeMs, { id: edge, status: statuses.get(edge) });
      if (known !== undefined && isLate(known, timeMs)) return false;
      const arrivedMs = clock?.elapsed() ?? timeMs;
      const points = new Map(known?.points);
      for (const [point, { value, quality }] of Object.entries(values.values)) {
        if (!points.has(point) && points.size >= POINTS_MAX) continue;
        points.set(point, { value, quality, timeMs, arrivedMs });
      }
      if (known === undefined) devicesOf.set(edge, count + 1);
      devices.set(key(edge, values.device), { edge, device: values.device, timeMs, arrivedMs, points });
      return true;
    },
    takeStatus(edge: string, status: EdgeStatus): void {
      const { devices: list, ...rest } = status;
      statuses.set(edge, rest);
      if (list !== undefined) takeDevices(edge, list);
    },
    takeDevices,
    device: (edge: string, device: string) => devices.get(key(edge, device)),
    announced: (edge: string, device: string) => announced.get(key(edge, device)),
    status: (edge: string) => statuses.get(edge),
    /** Every device that was announced or heard of. */
    known: () => knownOf([...announced.keys(), ...devices.keys()]),
    isStale(edge: string, device: string, nowMs: number): boolean {
      const known = devices.get(key(edge, device));
      return known === undefined || isOld(known, nowMs);
    },
    /** The value if it is fresh and can be used; else null. */
    fresh(edge: string, device: string, at: { point: string; nowMs: number }): LiveValue | null {
      const known = devices.get(key(edge, device));
      const value = known?.points.get(at.point);
      if (value === undefined || value.value === null) return null;
      if (value.quality !== 'good' && value.quality !== 'estimated') return null;
      return (clock?.elapsed() ?? at.nowMs) - value.arrivedMs > staleAfterMs(edge, device) ? null : value;
    },
    ahead: stamps.ahead,
  };
}

/** Keys of devices, each once, in order. */
function knownOf(keys: readonly string[]): { edge: string; device: string }[] {
  return [...new Set(keys)].sort().map((text) => {
    const slash = text.indexOf('/');
    return { edge: text.slice(0, slash), device: text.slice(slash + 1) };
  });
}

function key(edge: string, device: string): string {
  return `${edge}/${device}`;
}

/** What each edge says it has, within bounds; a new list of an edge takes the place of its old one. */
function createAnnouncements(announced: Map<string, DeviceDescription>) {
  const byEdge = new Map<string, readonly DeviceDescription[]>();
  return (edge: string, list: readonly DeviceDescription[]): void => {
    for (const { device } of byEdge.get(edge) ?? []) announced.delete(key(edge, device));
    const described = list.slice(0, DEVICES_PER_EDGE_MAX);
    byEdge.set(edge, described);
    for (const device of described) announced.set(key(edge, device.device), device);
  };
}
