/** Which points of a refused request are proven bad, and how to part the others: by field, line, time, then structure. */
import type { InfluxPoint } from './points.ts';
import type { Refusal } from './refusal.ts';

export type Points = readonly InfluxPoint[];
export type Conflict = { readonly measurement: string; readonly field: string };

/** 1.x and 2.x keep a field's type per measurement and shard, and no shard is shorter than this; 3 per measurement. */
const SHARD_MIN_MS = 3_600_000;

export function conflictOf(points: Points, { conflict, lines }: Refusal): Conflict | null {
  if (conflict === null) return null;
  const measurement = conflict.measurement ?? points[lines[0]?.at ?? 0]?.measurement;
  return measurement === undefined ? null : { measurement, field: conflict.field };
}

export function isTouched(point: InfluxPoint, { measurement, field }: Conflict): boolean {
  return point.measurement === measurement && Object.hasOwn(point.fields, field);
}

/**
 * True when not one of these points can be good: there is only one; or the answer counts or names them all; or it
 * names a field's type, and all have this field of this measurement within one shard, where types are alike.
 */
export function isWhollyRefused(points: Points, refusal: Refusal): boolean {
  if (points.length === 1 || refusal.dropped === points.length) return true;
  if (linesWithin(points, refusal).size === points.length) return true;
  const conflict = conflictOf(points, refusal);
  if (conflict === null || refusal.dropped !== null || refusal.isListComplete) return false;
  const [first] = points;
  return points.every((point) => isTouched(point, conflict) && hourOf(point) === hourOf(first));
}

/** Two parts, neither empty, together the points; the first is the more likely to be good. Needs two points. */
export function splitRefused(points: Points, refusal: Refusal): readonly [Points, Points] {
  return (
    (refusal.isListComplete ? partByLines(points, refusal) : null) ??
    partByConflict(points, refusal) ??
    partByLines(points, refusal) ??
    (refusal.isByTime ? halve(points.toSorted(byTime)) : partByStructure(points))
  );
}

/** For a request that is only too long. */
export function halve(points: Points): readonly [Points, Points] {
  const middle = Math.ceil(points.length / 2);
  return [points.slice(0, middle), points.slice(middle)];
}

/** The points that share a series and a time with an earlier one go into a later layer: the last one written stays. */
export function layersOf(points: Points): Points[] {
  const layers: InfluxPoint[][] = [];
  const depths = new Map<string, number>();
  for (const point of points) {
    const key = `${seriesOf(point)} ${point.timeMs}`;
    const depth = depths.get(key) ?? 0;
    depths.set(key, depth + 1);
    const layer = layers[depth];
    if (layer === undefined) layers.push([point]);
    else layer.push(point);
  }
  return layers;
}

export function seriesOf({ measurement, tags }: InfluxPoint): string {
  return `${tags.edge}/${tags.device}/${measurement}`;
}

function partByConflict(points: Points, refusal: Refusal): readonly [Points, Points] | null {
  const conflict = conflictOf(points, refusal);
  if (conflict === null) return null;
  const others = points.filter((point) => !isTouched(point, conflict));
  if (others.length === points.length) return null;
  if (others.length > 0) return [others, points.filter((point) => isTouched(point, conflict))];
  return cutBetween(points.toSorted(byTime), hourOf);
}

function partByLines(points: Points, refusal: Refusal): readonly [Points, Points] | null {
  const lines = linesWithin(points, refusal);
  if (lines.size === 0 || lines.size === points.length) return null;
  return [points.filter((_, i) => !lines.has(i)), points.filter((_, i) => lines.has(i))];
}

/** Without a hint: whole measurements and kinds of value first, then whole series, then halves in time. */
function partByStructure(points: Points): readonly [Points, Points] {
  const sorted = points.toSorted(
    (a, b) => compare(kindOf(a), kindOf(b)) || compare(seriesOf(a), seriesOf(b)) || byTime(a, b),
  );
  return cutBetween(sorted, kindOf) ?? cutBetween(sorted, (point) => point && seriesOf(point)) ?? halve(sorted);
}

/** Cuts sorted points where `keyOf` changes, nearest to the middle; null when it never changes. */
function cutBetween(
  sorted: Points,
  keyOf: (point: InfluxPoint | undefined) => string | number | undefined,
): readonly [Points, Points] | null {
  const middle = sorted.length / 2;
  let best: number | null = null;
  for (let i = 1; i < sorted.length; i++) {
    if (keyOf(sorted[i - 1]) === keyOf(sorted[i])) continue;
    if (best === null || Math.abs(i - middle) < Math.abs(best - middle)) best = i;
  }
  return best === null ? null : [sorted.slice(0, best), sorted.slice(best)];
}

function linesWithin(points: Points, { lines }: Refusal): ReadonlySet<number> {
  return new Set(lines.map(({ at }) => at).filter((at) => at < points.length));
}

function kindOf(point: InfluxPoint | undefined): string {
  return point === undefined ? '' : `${point.measurement} ${Object.keys(point.fields).join()}`;
}

function hourOf(point: InfluxPoint | undefined): number {
  return Math.floor((point?.timeMs ?? 0) / SHARD_MIN_MS);
}

function byTime(a: InfluxPoint, b: InfluxPoint): number {
  return a.timeMs - b.timeMs;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
