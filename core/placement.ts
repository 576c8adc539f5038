/** When a reading was taken: one rule for everybody who places what agents send, by their stamps and the hub's time. */
import { FUTURE_TOLERANCE_MS, PAST_TOLERANCE_MS } from './log-api.ts';
import { type EventRecord, MONOTONIC_LIMIT_MS, type Pack, type Sample } from './senml.ts';

/** The hub's clock at one moment. `boot` and `upMs` (ms since that kernel began) go on when the wall clock is set. */
export type HubMoment = {
  readonly nowMs: number;
  readonly isTrusted: boolean;
  readonly boot: string;
  readonly upMs: number;
};

/** A hub's moment as it is kept beside what waits: `nowMs` is what its clock said when the pack came. */
export type Receipt = HubMoment;

export type PlacementTime = {
  /** To be added to a time since boot; null while that boot's clock is not known. */
  readonly offsetMs: number | null;
  /** The hub's time when the pack came, as far as it is known now. */
  readonly receivedMs: number;
  /** False: the hub may take what fits its clock, and refuses nothing for it. */
  readonly isHubTrusted: boolean;
};

export const WAITS_FOR = ['boot', 'hub'] as const;
/** The clock of the agent's boot, or the time of the hub. */
export type WaitsFor = (typeof WAITS_FOR)[number];

export type Placement =
  | { readonly kind: 'placed'; readonly timeMs: number }
  | { readonly kind: 'waits'; readonly for: WaitsFor }
  | { readonly kind: 'refused'; readonly timeMs: number; readonly reason: string };

export function placeTime(stampMs: number, time: PlacementTime): Placement {
  const isMonotonic = stampMs < MONOTONIC_LIMIT_MS;
  if (isMonotonic && time.offsetMs === null) return { kind: 'waits', for: 'boot' };
  const timeMs = isMonotonic ? Math.round(stampMs + (time.offsetMs ?? 0)) : stampMs;
  const aheadMs = timeMs - time.receivedMs;
  if (timeMs >= 0 && aheadMs <= FUTURE_TOLERANCE_MS && -aheadMs <= PAST_TOLERANCE_MS) return { kind: 'placed', timeMs };
  // An untrusted clock proves nothing against a stamp: it waits, and is judged when the hub knows the time.
  if (!time.isHubTrusted) return { kind: 'waits', for: 'hub' };
  const side = aheadMs > 0 ? 'after' : 'before';
  const reason = `the time ${timeMs} ms is outside the window: ${Math.round(Math.abs(aheadMs) / 1000)} s ${side} its receipt`;
  return { kind: 'refused', timeMs, reason };
}

export type Refused<T> = { readonly item: T; readonly reason: string };

export type PlacedPack = {
  /** What has its time now. */
  readonly placed: Pack;
  /** What something else of this pack waits for; the clock of its boot comes first. */
  readonly waitsFor: WaitsFor | null;
  readonly refused: readonly Refused<Sample | EventRecord>[];
  /** Some stamps were times since boot: they were placed by that boot's clock, not by the agent's wall clock. */
  readonly isByBoot: boolean;
};

export function placePack(pack: Pack, time: PlacementTime): PlacedPack {
  const waits = new Set<WaitsFor>();
  const refused: Refused<Sample | EventRecord>[] = [];
  let isByBoot = false;
  const place = <T extends Sample | EventRecord>(items: readonly T[]): T[] =>
    items.flatMap((item) => {
      const placement = placeTime(item.timeMs, time);
      if (placement.kind === 'waits') waits.add(placement.for);
      if (placement.kind === 'refused')
        refused.push({ item: { ...item, timeMs: placement.timeMs }, reason: placement.reason });
      if (placement.kind !== 'placed') return [];
      if (item.timeMs < MONOTONIC_LIMIT_MS) isByBoot = true;
      return [placement.timeMs === item.timeMs ? item : { ...item, timeMs: placement.timeMs }];
    });
  const placed = { ...pack, samples: place(pack.samples), events: place(pack.events) };
  return { placed, waitsFor: WAITS_FOR.find((what) => waits.has(what)) ?? null, refused, isByBoot };
}

/**
 * When a pack that waits was received, as known now. Within one life of the hub's kernel elapsed time tells it, whatever
 * the wall clock did since; else a trusted stamp stands, and of an untrusted one only that it was before now.
 */
export function receiptMs(receipt: Receipt, now: HubMoment): number {
  const elapsedMs = now.upMs - receipt.upMs;
  if (receipt.boot !== '' && receipt.boot === now.boot && elapsedMs >= 0 && now.isTrusted)
    return Math.round(now.nowMs - elapsedMs);
  return receipt.isTrusted ? receipt.nowMs : now.nowMs;
}
