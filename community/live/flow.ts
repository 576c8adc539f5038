/** The energy-flow picture: fresh powers summed by kind, and what the meters do not explain. */
import { worstQuality } from '@commonworks/core';
import type { Flow, FlowKind, FlowNode, MeteringRole } from '@commonworks/core/api/index.ts';
import { FLOW_KINDS } from '@commonworks/core/api/index.ts';
import type { LiveValue } from './live-values.ts';

export const KIND_OF_ROLE: Readonly<Record<MeteringRole, FlowKind>> = {
  consumer: 'homes',
  producer: 'sun',
  storage: 'battery',
  grid: 'grid',
  workshop: 'workshop',
};

/** One device at a metering point: its power now if fresh, and when it was last heard. */
export type FlowPart = {
  readonly kind: FlowKind;
  /** Bus sign: out of the bus positive, at the grid import positive; null when not fresh. */
  readonly power: LiveValue | null;
  readonly heardMs: number | null;
};

/** A kind without devices has no power to tell; what is not there adds nothing to the balance either. */
export function computeFlow(parts: readonly FlowPart[], at: { nowMs: number; socPct: number | null }): Flow {
  const nodes = FLOW_KINDS.map((kind) =>
    nodeOf(
      kind,
      parts.filter((part) => part.kind === kind),
    ),
  );
  const whole = new Map(nodes.map((node) => [node.kind, wholePower(node)]));
  const isSourceMetered = nodes.some(({ kind, devices }) => SOURCES.includes(kind) && devices > 0);
  return {
    atMs: at.nowMs,
    nodes,
    residualW: residual(whole),
    ownCoverPct: isSourceMetered ? ownCover(whole) : null,
    socPct: at.socPct,
  };
}

function nodeOf(kind: FlowKind, parts: readonly FlowPart[]): FlowNode {
  const fresh = parts.flatMap((part) => (part.power === null ? [] : [part.power]));
  const isStale = fresh.length < parts.length;
  const heard = parts.flatMap((part) => (part.heardMs === null ? [] : [part.heardMs]));
  const times = fresh.length > 0 ? fresh.map((value) => value.timeMs) : heard;
  return {
    kind,
    powerW: fresh.length === 0 ? null : sum(fresh),
    quality: fresh.length === 0 ? 'missing' : worstQuality(fresh.map((value) => value.quality)),
    sinceMs: times.length === 0 ? null : Math.min(...times),
    isStale,
    devices: parts.length,
    devicesFresh: fresh.length,
  };
}

function sum(values: readonly LiveValue[]): number {
  return toMilliwatt(values.reduce((total, { value }) => total + (typeof value === 'number' ? value : 0), 0));
}

/** Sums of doubles carry dust that no meter measured. */
function toMilliwatt(powerW: number): number {
  return Math.round(powerW * 1000) / 1000;
}

/** A sum that lacks a part is shown, but nothing is computed from it. Without a grid meter the grid is not known. */
function wholePower(node: FlowNode): number | null {
  if (node.devices === 0 && node.kind !== 'grid') return 0;
  return node.devicesFresh < node.devices ? null : node.powerW;
}

type Powers = ReadonlyMap<FlowKind, number | null>;
const CONSUMING: readonly FlowKind[] = ['homes', 'workshop'];
/** Where energy can come from: while no meter stands at any of them, nothing says which it was. */
const SOURCES: readonly FlowKind[] = ['sun', 'battery', 'grid'];

/** Grid = sum of the others + residual. */
function residual(powers: Powers): number | null {
  const grid = powers.get('grid') ?? null;
  const others = FLOW_KINDS.filter((kind) => kind !== 'grid').map((kind) => powers.get(kind) ?? null);
  if (grid === null || others.includes(null)) return null;
  return toMilliwatt(grid - others.reduce<number>((total, power) => total + (power ?? 0), 0));
}

/** Use is what homes and workshop take; sun and a discharging battery cover it, a charging one takes sun first. */
function ownCover(powers: Powers): number | null {
  const [sun, battery, ...used] = ['sun' as const, 'battery' as const, ...CONSUMING].map((kind) => powers.get(kind));
  if (sun == null || battery == null || used.some((power) => power == null)) return null;
  const use = used.reduce<number>((total, power) => total + Math.max(0, power ?? 0), 0);
  if (use <= 0) return null;
  const own = Math.max(0, -sun - battery);
  return Math.round(Math.min(1, own / use) * 1000) / 10;
}
