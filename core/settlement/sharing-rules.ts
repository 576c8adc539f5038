/** The rules of sharing over a span, and the one in force for an interval: for the running day, a settlement and its check. */
import type { MeteringRole } from '../api/people.ts';
import type { AllocationMethod, ShareBy, StorageOrigin } from '../api/share.ts';

/** Which of a point's registers are shared: the grid connection only serves the balance. */
export const SHARED_DIRECTIONS: Readonly<Record<MeteringRole, readonly (0 | 1)[]>> = {
  consumer: [0],
  workshop: [0],
  producer: [1],
  storage: [0, 1],
  grid: [],
};

type DatedSpan = { readonly fromMs: number; readonly toMs: number | null };

/** `owner` is a member's id or `community`. Without `spans` the point counts at all times. */
export type SharingPoint = {
  readonly id: string;
  readonly role: MeteringRole;
  readonly owner: string;
  readonly spans?: readonly DatedSpan[];
};

/** Without `shareBy` each point is shared by itself; without `storageOrigin` all that a storage gives is production. */
export type SharingTariff = {
  readonly id: string;
  readonly fromMs: number;
  readonly method: AllocationMethod;
  readonly shareBy?: ShareBy;
  readonly storageOrigin?: StorageOrigin;
};

export type SharingRules = {
  readonly points: readonly SharingPoint[];
  /** Ascending by date; each in force until the next. */
  readonly tariffs: readonly SharingTariff[];
  /** Shares per holder from each date on, ascending; read by the method `fixed`. */
  readonly holdings: readonly { readonly fromMs: number; readonly shares: Readonly<Record<string, number>> }[];
};

export type IntervalRule = {
  readonly startMs: number;
  readonly keyVersion: string;
  readonly method: AllocationMethod;
  /** The fixed key: weight of every bucket, also of those in which nobody uses anything. */
  readonly weights: ReadonlyMap<string, number>;
  /** The bucket a point's use counts in; a point that is not named is its own. */
  readonly bucketOf: ReadonlyMap<string, string>;
  /** Null: a storage is a consumer and a producer like any other. */
  readonly storageOrigin: StorageOrigin | null;
  readonly storage: ReadonlySet<string>;
};

/** Whether a device was assigned to the point at the interval's start and until its end. */
export function isAssigned(
  { spans }: { readonly spans?: readonly DatedSpan[] },
  interval: { startMs: number; endMs: number },
): boolean {
  if (spans === undefined) return true;
  const holds = (atMs: number) => spans.some(({ fromMs, toMs }) => fromMs <= atMs && (toMs === null || toMs > atMs));
  return holds(interval.startMs) && holds(interval.endMs - 1);
}

/** Null before the first tariff: then nothing is shared. Only points assigned in that interval have a weight in it. */
export function ruleAt(rules: SharingRules, interval: { startMs: number; endMs: number }): IntervalRule | null {
  const { startMs } = interval;
  const tariff = rules.tariffs.findLast((version) => version.fromMs <= startMs);
  if (tariff === undefined) return null;
  const points = rules.points.filter((point) => isAssigned(point, interval));
  const storageOrigin = tariff.storageOrigin ?? null;
  const shares = rules.holdings.findLast((version) => version.fromMs <= startMs)?.shares;
  // Solar first: what a storage takes is what the key leaves over, so it has no weight of its own.
  const consuming = points.filter(
    ({ role }) => SHARED_DIRECTIONS[role].includes(0) && !(role === 'storage' && storageOrigin === 'solar-first'),
  );
  const key = tariff.method === 'fixed' && shares !== undefined ? fixedKey(consuming, shares, tariff.shareBy) : NO_KEY;
  return {
    startMs,
    keyVersion: tariff.id,
    method: tariff.method,
    ...key,
    storageOrigin,
    storage: new Set(points.flatMap(({ id, role }) => (role === 'storage' ? [id] : []))),
  };
}

type Key = Pick<IntervalRule, 'weights' | 'bucketOf'>;
const NO_KEY: Key = { weights: new Map(), bucketOf: new Map() };

function fixedKey(
  consuming: readonly SharingPoint[],
  shares: Readonly<Record<string, number>>,
  shareBy: ShareBy = 'point',
): Key {
  if (shareBy === 'point') return { weights: fixedWeights(consuming, shares), bucketOf: new Map() };
  return {
    weights: new Map(Object.entries(shares).filter(([, held]) => held > 0)),
    bucketOf: new Map(consuming.map(({ id, owner }) => [id, owner])),
  };
}

/**
 * The fixed key by point: each owner's shares, spread evenly over the points where it consumes (`community` holds the
 * unsold ones). Whole numbers: all are multiplied by the least common multiple of the counts. Shares of an owner who
 * consumes nowhere stand under `owner/ID`, so that they are not handed to the others.
 */
export function fixedWeights(
  points: readonly SharingPoint[],
  shares: Readonly<Record<string, number>>,
): Map<string, number> {
  const consuming = points.filter((point) => SHARED_DIRECTIONS[point.role].includes(0));
  const countOf = new Map<string, number>();
  for (const { owner } of consuming) countOf.set(owner, (countOf.get(owner) ?? 0) + 1);
  const multiple = [...countOf.values()].reduce(leastCommonMultiple, 1);
  const weights = new Map<string, number>();
  for (const { id, owner } of consuming) {
    weights.set(id, ((shares[owner] ?? 0) * multiple) / (countOf.get(owner) ?? 1));
  }
  for (const [holder, held] of Object.entries(shares)) {
    if (!countOf.has(holder) && held > 0) weights.set(`owner/${holder}`, held * multiple);
  }
  return weights;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
