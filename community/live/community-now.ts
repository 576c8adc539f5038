/** What the community does at this moment, from live values and the register's points; also one member's part of it. */
import { intervalStart, QUARTER_HOUR_MS } from '@commonworks/core';
import type { Flow, LiveEvent } from '@commonworks/core/api/index.ts';
import type { PointRecord } from '../register/points.ts';
import { computeFlow, type FlowPart, KIND_OF_ROLE } from './flow.ts';
import type { LiveValuesStore } from './live-values.ts';

/** How much a member may take of what is produced, under a fixed key; null under pro rata. */
export type Weights = ReadonlyMap<string, number> | null;

export function flowNow(points: readonly PointRecord[], live: LiveValuesStore, nowMs: number): Flow {
  const parts = points.flatMap((point) =>
    devicesAt(point, nowMs).map((device) => toPart(point, device, { live, nowMs })),
  );
  const storage = points.filter((point) => point.role === 'storage').flatMap((point) => devicesAt(point, nowMs));
  const charges = storage.map(({ edge, device }) => live.fresh(edge, device, { point: 'socPct', nowMs })?.value);
  const known = charges.filter((value): value is number => typeof value === 'number');
  const isWhole = known.length > 0 && known.length === charges.length;
  // Several batteries: the plain mean; their sizes are not known here.
  const socPct = isWhole ? known.reduce((total, value) => total + value, 0) / known.length : null;
  return computeFlow(parts, { nowMs, socPct });
}

type DeviceAt = { readonly edge: string; readonly device: string };

/** What ends within the running quarter hour counts for no interval any more: the next point may have the device. */
function devicesAt(point: PointRecord, nowMs: number): DeviceAt[] {
  const untilMs = intervalStart(nowMs) + QUARTER_HOUR_MS;
  return point.assignments.filter(({ fromMs, toMs }) => fromMs <= nowMs && (toMs === null || toMs >= untilMs));
}

function toPart(point: PointRecord, device: DeviceAt, at: { live: LiveValuesStore; nowMs: number }): FlowPart {
  return {
    kind: KIND_OF_ROLE[point.role],
    power: at.live.fresh(device.edge, device.device, { point: 'activePowerW', nowMs: at.nowMs }),
    heardMs: at.live.device(device.edge, device.device)?.timeMs ?? null,
  };
}

/** A member's own consumption and what the community's production covers of it now, by the rule in force. */
export function memberNow(
  member: string,
  at: { points: readonly PointRecord[]; live: LiveValuesStore; nowMs: number; weights: Weights },
): LiveEvent<'mine'> {
  const { nowMs } = at;
  const own = consumption(at, (point) => point.member === member && point.role === 'consumer');
  const everybody = consumption(at, (point) => point.role === 'consumer' || point.role === 'workshop');
  const production = productionW(at);
  const isStale = own === null;
  if (own === null || everybody === null || production === null) {
    return { atMs: nowMs, consumptionW: own, coveredW: null, isStale };
  }
  const total = [...(at.weights?.values() ?? [])].reduce((sum, weight) => sum + weight, 0);
  const part = at.weights === null ? proRata(own, everybody) : (at.weights.get(member) ?? 0) / Math.max(1, total);
  return { atMs: nowMs, consumptionW: own, coveredW: Math.min(own, production * part), isStale };
}

function proRata(own: number, everybody: number): number {
  return everybody <= 0 ? 0 : own / everybody;
}

type At = { readonly points: readonly PointRecord[]; readonly live: LiveValuesStore; readonly nowMs: number };

/** Null when any of the points has no fresh power: a sum without a part is not the sum. */
function consumption(at: At, isMeant: (point: PointRecord) => boolean): number | null {
  return powers(at, isMeant)?.reduce((total, power) => total + Math.max(0, power), 0) ?? null;
}

/** What flows into the bus from sun and storage, W, not negative. */
function productionW(at: At): number | null {
  const isSource = (point: PointRecord) => point.role === 'producer' || point.role === 'storage';
  return powers(at, isSource)?.reduce((total, power) => total + Math.max(0, -power), 0) ?? null;
}

function powers(at: At, isMeant: (point: PointRecord) => boolean): number[] | null {
  const devices = at.points.filter(isMeant).flatMap((point) => devicesAt(point, at.nowMs));
  if (devices.length === 0) return null;
  const found = devices.map(({ edge, device }) =>
    at.live.fresh(edge, device, { point: 'activePowerW', nowMs: at.nowMs }),
  );
  return found.every((value) => typeof value?.value === 'number') ? found.map((value) => Number(value?.value)) : null;
}
