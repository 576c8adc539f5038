/** Devices as operators see them: in reach or not, when last heard, every value with its quality. */
import { COMMAND_KINDS, type CommandKind, isPointName, POINTS, type Quality, worstQuality } from '@commonworks/core';
import type { Device, DeviceValue } from '@commonworks/core/api/index.ts';
import type { LiveDevice, LiveValuesStore } from './live-values.ts';

export type EdgeName = { readonly id: string; readonly name: string };

/** The last word of the log on a device's reach. */
export type Reach = { readonly state: 'online' | 'unreachable' | 'misconfigured'; readonly reason: string };
export type ReachOf = (edge: string, device: string) => Reach | undefined;

export type DevicesAt = { readonly nowMs: number; readonly edges: readonly EdgeName[]; readonly reach: ReachOf };

/** home-2 before home-10, and edges by the names people gave them. */
const BY_NAME = new Intl.Collator('en', { numeric: true });

/** Devices of the edges in the register, by the names of edge and device. */
export function deviceViews(live: LiveValuesStore, at: DevicesAt): Device[] {
  const names = new Map(at.edges.map((edge) => [edge.id, edge.name]));
  return live
    .known()
    .filter(({ edge }) => names.has(edge))
    .map(({ edge, device }) => ({ edge, device, edgeName: names.get(edge) ?? edge }))
    .sort((a, b) => BY_NAME.compare(a.edgeName, b.edgeName) || BY_NAME.compare(a.device, b.device))
    .map((which) => toView(live, which, at));
}

/** One of them, by `edge/device`; null when the edge is not in the register. */
export function deviceView(live: LiveValuesStore, key: string, at: DevicesAt): Device | null {
  const slash = key.indexOf('/');
  const edge = at.edges.find(({ id }) => id === key.slice(0, slash));
  return edge === undefined
    ? null
    : toView(live, { edge: edge.id, device: key.slice(slash + 1), edgeName: edge.name }, at);
}

function toView(
  live: LiveValuesStore,
  which: { edge: string; device: string; edgeName: string },
  at: { nowMs: number; reach: ReachOf },
): Device {
  const { edge, device } = which;
  const announced = live.announced(edge, device);
  const known = live.device(edge, device);
  const status = live.status(edge);
  // A badge reader has nothing to say until a badge is shown: its silence is no fault.
  const isSilent = announced?.points.length === 0;
  const isStale = !isSilent && live.isStale(edge, device, at.nowMs);
  const { state, reason } = stateOf(at.reach(edge, device), {
    isEdgeOffline: status?.state === 'offline',
    isKnown: isSilent || known !== undefined,
  });
  return {
    ...which,
    title: announced?.title ?? device,
    profile: announced?.profile ?? '',
    state,
    reason,
    lastSeenMs: known?.timeMs ?? null,
    isStale,
    quality: isSilent ? 'good' : qualityOf(known, isStale),
    values: known === undefined ? [] : [...known.points].flatMap(([point, value]) => toValue(point, value)),
    commands: (announced?.commands ?? []).filter(isCommandKind),
    backlog: Math.max(0, Math.trunc(status?.backlog ?? 0)),
  };
}

export function isCommandKind(text: string): text is CommandKind {
  return (COMMAND_KINDS as readonly string[]).includes(text);
}

function stateOf(
  reach: Reach | undefined,
  { isEdgeOffline, isKnown }: { isEdgeOffline: boolean; isKnown: boolean },
): Pick<Device, 'state' | 'reason'> {
  if (isEdgeOffline) return { state: 'edge-offline', reason: 'The edge is not connected.' };
  if (reach !== undefined && reach.state !== 'online') return { state: reach.state, reason: reach.reason };
  if (!isKnown) return { state: 'never-seen', reason: 'No value has arrived yet.' };
  return { state: 'online', reason: '' };
}

function qualityOf(known: LiveDevice | undefined, isStale: boolean): Quality {
  if (known === undefined) return 'missing';
  const worst = worstQuality([...known.points.values()].map((value) => value.quality));
  return isStale ? worstQuality([worst, 'stale']) : worst;
}

function toValue(
  point: string,
  value: { value: number | string | null; quality: Quality; timeMs: number },
): DeviceValue[] {
  if (!isPointName(point)) return [];
  const described = POINTS[point];
  const { quality, timeMs } = value;
  const unit = 'unit' in described ? described.unit : '';
  return [{ point, title: described.title, unit, value: value.value, quality, timeMs }];
}
