/** The newest values of every device from the live lane, in memory, bounded; a value has an age and can be too old. */
import type { EdgeStatus, LiveValues, Quality } from '@commonworks/core';

/** Older than this many of its reading periods, a value is not live. */
export const STALE_AFTER_PERIODS = 3;
const DEFAULT_PERIOD_MS = 10_000;
/** A value is not called stale for the network's jitter alone. */
const STALE_AFTER_MIN_MS = 5000;
const DEVICES_MAX = 5000;
/** One edge that invents devices must not take the room of the others. */
const DEVICES_PER_EDGE_MAX = 500;
const POINTS_MAX = 64;

export type LiveValue = {
  readonly value: number | string | null;
  readonly quality: Quality;
  readonly timeMs: number;
};
export type LiveDevice = {
  readonly edge: string;
  readonly device: string;
  readonly timeMs: number;
  readonly points: ReadonlyMap<string, LiveValue>;
};
export type AnnouncedDevice = EdgeStatus['devices'][number];

export type LiveValuesStore = ReturnType<typeof createLiveValues>;

export function createLiveValues() {
  const devices = new Map<string, LiveDevice>();
  const statuses = new Map<string, EdgeStatus>();
  const announced = new Map<string, AnnouncedDevice>();
  const devicesOf = new Map<string, number>();
  const key = (edge: string, device: string) => `${edge}/${device}`;
  const staleAfterMs = (edge: string, device: string) => {
    const periodMs = announced.get(key(edge, device))?.periodMs ?? DEFAULT_PERIOD_MS;
    return Math.max(STALE_AFTER_MIN_MS, STALE_AFTER_PERIODS * periodMs);
  };
  return {
    /** False when it was older than what is known, or one device too many. */
    take(edge: string, values: LiveValues): boolean {
      const known = devices.get(key(edge, values.device));
      const count = devicesOf.get(edge) ?? 0;
      if (known === undefined && (devices.size >= DEVICES_MAX || count >= DEVICES_PER_EDGE_MAX)) return false;
      if (known !== undefined && values.timeMs < known.timeMs) return false;
      const points = new Map(known?.points);
      for (const [point, { value, quality }] of Object.entries(values.values)) {
        if (!points.has(point) && points.size >= POINTS_MAX) continue;
        points.set(point, { value, quality, timeMs: values.timeMs });
      }
      if (known === undefined) devicesOf.set(edge, count + 1);
      devices.set(key(edge, values.device), { edge, device: values.device, timeMs: values.timeMs, points });
      return true;
    },
    takeStatus(edge: string, status: EdgeStatus): void {
      for (const { device } of statuses.get(edge)?.devices ?? []) announced.delete(key(edge, device));
      const described = status.devices.slice(0, DEVICES_PER_EDGE_MAX);
      statuses.set(edge, { ...status, devices: described });
      for (const device of described) announced.set(key(edge, device.device), device);
    },
    device: (edge: string, device: string) => devices.get(key(edge, device)),
    announced: (edge: string, device: string) => announced.get(key(edge, device)),
    status: (edge: string) => statuses.get(edge),
    /** Every device that was announced or heard of. */
    known(): { edge: string; device: string }[] {
      const all = new Set([...announced.keys(), ...devices.keys()]);
      return [...all].sort().map((text) => {
        const slash = text.indexOf('/');
        return { edge: text.slice(0, slash), device: text.slice(slash + 1) };
      });
    },
    isStale(edge: string, device: string, nowMs: number): boolean {
      const known = devices.get(key(edge, device));
      return known === undefined || nowMs - known.timeMs > staleAfterMs(edge, device);
    },
    /** The value if it is fresh and can be used; else null. */
    fresh(edge: string, device: string, at: { point: string; nowMs: number }): LiveValue | null {
      const value = devices.get(key(edge, device))?.points.get(at.point);
      if (value === undefined || value.value === null) return null;
      if (value.quality !== 'good' && value.quality !== 'estimated') return null;
      return at.nowMs - value.timeMs > staleAfterMs(edge, device) ? null : value;
    },
  };
}
