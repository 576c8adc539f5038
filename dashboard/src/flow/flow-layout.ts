/** Where everything stands in the flow picture, for a width in px: pure geometry. */
import type { Flow, FlowKind, FlowNode } from '@commonworks/core/api/index.ts';
import { flowWidth, REST_W, referenceW } from './flow-scale.ts';

export type Spot = { readonly x: number; readonly y: number };
export type Circle = Spot & { readonly r: number };
/** `in`: towards the community; `out`: away from it; `rest`: nothing worth drawing. */
export type Direction = 'in' | 'out' | 'rest';
export type PlacedNode = Circle & { readonly kind: FlowKind; readonly node: FlowNode };
export type Link = {
  readonly kind: FlowKind;
  readonly direction: Direction;
  /** SVG path in the direction of the flow. */
  readonly path: string;
  readonly widthPx: number;
  /** Middle of the path, and the angle of the flow there in degrees: where the arrow head stands. */
  readonly middle: Spot & { readonly angleDeg: number };
  readonly isDimmed: boolean;
};
export type FlowLayout = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly hub: Circle;
  readonly nodes: readonly PlacedNode[];
  readonly links: readonly Link[];
  readonly residual: { readonly from: Spot; readonly to: Spot };
};

const WIDE_FROM_PX = 560;

export function layoutFlow(flow: Flow, widthPx: number): FlowLayout {
  const spots = widthPx >= WIDE_FROM_PX ? wideSpots(widthPx) : narrowSpots(widthPx);
  const scale = { referenceW: referenceW(flow.nodes.map((node) => node.powerW)), maxPx: spots.lineMaxPx };
  const nodes = flow.nodes.map((node) => ({ ...spots.nodes[node.kind], kind: node.kind, node }));
  const links = nodes.map((placed): Link => {
    const direction = directionOf(placed.node);
    const curve = curveTo(placed, spots.hub);
    const points = direction === 'out' ? curve.toReversed() : curve;
    return {
      kind: placed.kind,
      direction,
      path: pathOf(points),
      widthPx: direction === 'rest' ? 1 : flowWidth(placed.node.powerW ?? 0, scale),
      middle: middleOf(points),
      isDimmed: placed.node.isStale || placed.node.powerW === null,
    };
  });
  return { widthPx, heightPx: spots.heightPx, hub: spots.hub, nodes, links, residual: spots.residual };
}

/** The bus's sign: out of the bus is positive; at the grid import (into the community) is positive. */
export function directionOf(node: FlowNode): Direction {
  if (node.powerW === null || Math.abs(node.powerW) < REST_W) return 'rest';
  const isIntoCommunity = node.kind === 'grid' ? node.powerW > 0 : node.powerW < 0;
  return isIntoCommunity ? 'in' : 'out';
}

type Spots = {
  readonly heightPx: number;
  readonly lineMaxPx: number;
  readonly hub: Circle;
  readonly nodes: Readonly<Record<FlowKind, Circle>>;
  readonly residual: { readonly from: Spot; readonly to: Spot };
};

function narrowSpots(width: number): Spots {
  const hub = { x: width / 2, y: 188, r: 56 };
  const r = 32;
  const left = 56;
  const right = width - 56;
  return {
    heightPx: 456,
    lineMaxPx: 18,
    hub,
    nodes: {
      sun: { x: left, y: 60, r },
      battery: { x: left, y: 268, r },
      homes: { x: right, y: 60, r },
      workshop: { x: right, y: 268, r },
      grid: { x: hub.x, y: 364, r },
    },
    residual: { from: { x: hub.x + 30, y: hub.y + 47 }, to: { x: hub.x + 78, y: 400 } },
  };
}

function wideSpots(width: number): Spots {
  const hub = { x: width / 2, y: 176, r: 72 };
  const r = 40;
  const inset = Math.max(88, width * 0.13);
  return {
    heightPx: 464,
    lineMaxPx: 26,
    hub,
    nodes: {
      sun: { x: inset, y: 72, r },
      battery: { x: inset, y: 268, r },
      homes: { x: width - inset, y: 72, r },
      workshop: { x: width - inset, y: 268, r },
      grid: { x: hub.x, y: 366, r },
    },
    residual: { from: { x: hub.x + 40, y: hub.y + 60 }, to: { x: hub.x + 104, y: 402 } },
  };
}

type Curve = readonly [Spot, Spot, Spot, Spot];

/** From the node's edge to the hub's edge, leaving the node sideways (the grid: upwards). */
function curveTo(node: Circle, hub: Circle): Curve {
  if (Math.abs(node.x - hub.x) < 1) {
    const from = { x: node.x, y: node.y - node.r };
    const to = { x: hub.x, y: hub.y + hub.r };
    const middleY = (from.y + to.y) / 2;
    return [from, { x: from.x, y: middleY }, { x: to.x, y: middleY }, to];
  }
  const side = Math.sign(hub.x - node.x);
  const lift = Math.sign(node.y - hub.y) * hub.r * 0.42;
  const from = { x: node.x + side * node.r, y: node.y };
  const to = { x: hub.x - side * Math.sqrt(hub.r ** 2 - lift ** 2), y: hub.y + lift };
  const reach = (to.x - from.x) * 0.55;
  return [from, { x: from.x + reach, y: from.y }, { x: to.x - reach, y: to.y }, to];
}

function pathOf([a, b, c, d]: readonly Spot[]): string {
  const at = (spot: Spot | undefined) => `${round(spot?.x ?? 0)} ${round(spot?.y ?? 0)}`;
  return `M${at(a)}C${at(b)} ${at(c)} ${at(d)}`;
}

/** A cubic curve at t = 1/2: (a + 3b + 3c + d) / 8, its direction d + c - b - a. */
function middleOf([a, b, c, d]: readonly Spot[]): Link['middle'] {
  const mix = (axis: 'x' | 'y') => {
    const [p, q, r, s] = [a?.[axis] ?? 0, b?.[axis] ?? 0, c?.[axis] ?? 0, d?.[axis] ?? 0];
    return { value: (p + 3 * q + 3 * r + s) / 8, slope: s + r - q - p };
  };
  const [x, y] = [mix('x'), mix('y')];
  return { x: round(x.value), y: round(y.value), angleDeg: round((Math.atan2(y.slope, x.slope) * 180) / Math.PI) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
