/** The newest values of every device from the live lane, in memory, bounded; a value has an age and can be too old. */
import { type DeviceDescription, type EdgeStatus, type LiveValues, type Quality, SKEW_MAX_MS } from '@commonworks/core';
import { createStamps, type LiveClock } from './stamps.ts';

/** Older than this many of its reading periods, a value is not live. */
export const STALE_AFTER_PERIODS = 3;
const DEFAULT_PERIOD_MS = 10_000;
/** A value is not called stale for the network's jitter alone. */
const STALE_AFTER_MIN_MS = 5000;
export const LIVE_LIMITS = {
  /** Beyond it the edge that has most loses the device that was heard of longest ago. */
  devices: 10_000,
  devicesPerEdge: 2000,
  points: 64,
} as const;

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
export function createLiveValues(clock?: LiveClock, devicesMax: number = LIVE_LIMITS.devices) {
  const stamps = createStamps(clock);
  const devices = createHeard(devicesMax);
  const statuses = new Map<string, EdgeStatus>();
  const announced = new Map<string, DeviceDescription>();
  const takeDevices = createAnnouncements(announced);
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
      const known = devices.get(edge, values.device);
      if (known === undefined && !devices.hasRoom(edge)) return false;
      const timeMs = stamps.align(values.timeMs, { id: edge, status: statuses.get(edge) });
      if (known !== undefined && isLate(known, timeMs)) return false;
      const arrivedMs = clock?.elapsed() ?? timeMs;
      const points = new Map(known?.points);
      for (const [point, { value, quality }] of Object.entries(values.values)) {
        if (!points.has(point) && points.size >= LIVE_LIMITS.points) continue;
        points.set(point, { value, quality, timeMs, arrivedMs });
      }
      devices.set({ edge, device: values.device, timeMs, arrivedMs, points });
      return true;
    },
    takeStatus(edge: string, status: EdgeStatus): void {
      const { devices: list, ...rest } = status;
      statuses.set(edge, rest);
      if (list !== undefined) takeDevices(edge, list);
    },
    takeDevices,
    device: devices.get,
    announced: (edge: string, device: string) => announced.get(key(edge, device)),
    status: (edge: string) => statuses.get(edge),
    /** Every device that was announced or heard of. */
    known: () => knownOf([...announced.keys(), ...devices.keys()]),
    isStale(edge: string, device: string, nowMs: number): boolean {
      const known = devices.get(edge, device);
      return known === undefined || isOld(known, nowMs);
    },
    /** The value if it is fresh and can be used; else null. */
    fresh(edge: string, device: string, at: { point: string; nowMs: number }): LiveValue | null {
      const known = devices.get(edge, device);
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

/** The devices that were heard of, edge by edge; within each the one heard of longest ago first. */
function createHeard(devicesMax: number) {
  const byEdge = new Map<string, Map<string, LiveDevice>>();
  let size = 0;
  const largest = () => [...byEdge].reduce((most, one) => (one[1].size > most[1].size ? one : most));
  return {
    get: (edge: string, device: string) => byEdge.get(edge)?.get(device),
    keys: () => [...byEdge].flatMap(([edge, own]) => [...own.keys()].map((device) => key(edge, device))),
    /** False at an edge's own bound, and when all together have no more and none has more than this one. */
    hasRoom(edge: string): boolean {
      const own = byEdge.get(edge)?.size ?? 0;
      if (own >= LIVE_LIMITS.devicesPerEdge) return false;
      return size < devicesMax || largest()[1].size > own + 1;
    },
    set(heard: LiveDevice): void {
      const own = byEdge.get(heard.edge) ?? new Map<string, LiveDevice>();
      byEdge.set(heard.edge, own);
      if (!own.delete(heard.device)) size += 1;
      own.set(heard.device, heard);
      if (size <= devicesMax) return;
      const [oldest] = largest()[1].keys();
      if (oldest !== undefined && largest()[1].delete(oldest)) size -= 1;
    },
  };
}

/** What each edge says it has, within bounds; a new list of an edge takes the place of its old one. */
function createAnnouncements(announced: Map<string, DeviceDescription>) {
  const byEdge = new Map<string, readonly DeviceDescription[]>();
  return (edge: string, list: readonly DeviceDescription[]): void => {
    for (const { device } of byEdge.get(edge) ?? []) announced.delete(key(edge, device));
    const described = list.slice(0, LIVE_LIMITS.devicesPerEdge);
    byEdge.set(edge, described);
    for (const device of described) announced.set(key(edge, device.device), device);
  };
}
