/** One interval's production shared by the rule in force: by the key among buckets, within a bucket by use, the rest to storage. */
import {
  allocateInterval,
  type ConsumerShare,
  type IntervalAllocation,
  type ProducerShare,
} from '../allocation/index.ts';
import { apportion } from '../allocation/largest-remainder.ts';
import { tieOrder } from '../allocation/tie-order.ts';
import type { Mwh } from '../energy.ts';
import { invariant } from '../errors.ts';
import type { IntervalRule } from './sharing-rules.ts';

/** Direction 0: a consumer's energy (or a storage's charge); 1: a producer's (or a discharge). */
export type IntervalPart = { readonly id: string; readonly direction: 0 | 1; readonly mwh: Mwh };

export type PartShare = {
  readonly id: string;
  readonly direction: 0 | 1;
  readonly offeredMwh: Mwh;
  readonly allocatedMwh: Mwh;
  readonly restMwh: Mwh;
  readonly roundingMicroMwh: number;
};

/** Stands for weights that nobody measured consumes: its offer becomes surplus instead of somebody else's gain. */
const NOBODY = 'nobody';

/** Parts without a measurement are left out by the caller. Σ allocated of consumers = Σ allocated of producers. */
export function shareInterval(rule: IntervalRule, parts: readonly IntervalPart[]): PartShare[] {
  const consumers = parts.filter((part) => part.direction === 0);
  const producers = parts.filter((part) => part.direction === 1);
  const isLast = (part: IntervalPart) => rule.storageOrigin === 'solar-first' && rule.storage.has(part.id);
  const buckets = Map.groupBy(
    consumers.filter((part) => !isLast(part)),
    (part) => rule.bucketOf.get(part.id) ?? part.id,
  );
  const result = allocateInterval({
    startMs: rule.startMs,
    keyVersion: rule.keyVersion,
    method: rule.method,
    consumers: [...bucketInputs(rule, buckets)],
    producers: producers.map(({ id, mwh }) => ({ id, mwh })),
  });
  const shares = new Map<string, PartShare>();
  for (const share of result.consumers) {
    for (const part of splitBucket(rule, share, buckets.get(share.id) ?? [])) shares.set(part.id, part);
  }
  for (const part of consumers.filter(isLast)) {
    const nothing = { offeredMwh: 0, allocatedMwh: 0, restMwh: part.mwh, roundingMicroMwh: 0 };
    shares.set(part.id, { id: part.id, direction: 0, ...nothing });
  }
  const given = rule.storageOrigin === null ? 0 : giveRestToStorage(rule, result, shares);
  const used = given === 0 ? result.producers : usedAgain(rule, result, given);
  return [...consumers.flatMap((part) => shares.get(part.id) ?? []), ...used.map(producerShare)];
}

function* bucketInputs(rule: IntervalRule, buckets: ReadonlyMap<string, readonly IntervalPart[]>) {
  let absent = 0;
  for (const [id, weight] of rule.weights) if (!buckets.has(id)) absent += weight;
  for (const [id, parts] of buckets) {
    yield { id, mwh: parts.reduce((sum, part) => sum + part.mwh, 0), weight: rule.weights.get(id) ?? 0 };
  }
  if (absent > 0) yield { id: NOBODY, mwh: 0, weight: absent };
}

/** A bucket's offer and credit over its points, by their use; by heads when none of them used anything. */
function splitBucket(rule: IntervalRule, share: ConsumerShare, parts: readonly IntervalPart[]): PartShare[] {
  const [only] = parts;
  if (only === undefined) return [];
  if (parts.length === 1) return [consumerShare(only.id, share)];
  const tie = tieOf(rule, parts);
  const uses = Float64Array.from(parts, (part) => part.mwh);
  const offered = apportion(share.offeredMwh, share.consumedMwh === 0 ? uses.map(() => 1) : uses, { tie }).shares;
  const { shares, remainders, raised, sum } = apportion(share.allocatedMwh, uses, { tie });
  return parts.map((part, i) => {
    const allocatedMwh = shares[i] as number;
    const own = sum === 0 ? 0 : (share.roundingMicroMwh * part.mwh) / sum;
    const split = sum === 0 ? 0 : ((raised[i] as number) * sum - (remainders[i] as number)) / sum;
    return {
      id: part.id,
      direction: 0 as const,
      offeredMwh: offered[i] as number,
      allocatedMwh,
      restMwh: part.mwh - allocatedMwh,
      roundingMicroMwh: Math.round(own + split * 1e6) + 0,
    };
  });
}

/** What the key leaves over goes into charging storage before it is surplus: it did not leave the community. */
function giveRestToStorage(rule: IntervalRule, result: IntervalAllocation, shares: Map<string, PartShare>): Mwh {
  const open = [...shares.values()].filter((share) => rule.storage.has(share.id) && share.restMwh > 0);
  const rests = Float64Array.from(open, (share) => share.restMwh);
  const given = Math.min(
    result.surplusMwh,
    rests.reduce((sum, rest) => sum + rest, 0),
  );
  if (given === 0) return 0;
  const parts = apportion(given, rests, { tie: tieOf(rule, open) }).shares;
  for (const [i, share] of open.entries()) {
    const more = parts[i] as number;
    const allocatedMwh = share.allocatedMwh + more;
    const offeredMwh = Math.max(share.offeredMwh, allocatedMwh);
    shares.set(share.id, { ...share, offeredMwh, allocatedMwh, restMwh: share.restMwh - more });
    invariant(share.restMwh >= more, 'a storage is credited no more than it charged');
  }
  return given;
}

function usedAgain(rule: IntervalRule, result: IntervalAllocation, given: Mwh): ProducerShare[] {
  const produced = Float64Array.from(result.producers, (producer) => producer.producedMwh);
  const used = apportion(result.allocatedMwh + given, produced, { tie: tieOf(rule, result.producers) }).shares;
  return result.producers.map((producer, k) => {
    const usedMwh = used[k] as number;
    invariant(usedMwh <= producer.producedMwh, 'a producer is used between nothing and all');
    return { ...producer, usedMwh, surplusMwh: producer.producedMwh - usedMwh };
  });
}

function tieOf(rule: IntervalRule, list: readonly { readonly id: string }[]) {
  const order = tieOrder(rule.keyVersion, rule.startMs);
  return (a: number, b: number) => order(list[a]?.id ?? '', list[b]?.id ?? '');
}

function consumerShare(id: string, share: ConsumerShare): PartShare {
  return {
    id,
    direction: 0,
    offeredMwh: share.offeredMwh,
    allocatedMwh: share.allocatedMwh,
    restMwh: share.residualMwh,
    roundingMicroMwh: share.roundingMicroMwh,
  };
}

function producerShare({ id, usedMwh, surplusMwh }: ProducerShare): PartShare {
  return { id, direction: 1, offeredMwh: 0, allocatedMwh: usedMwh, restMwh: surplusMwh, roundingMicroMwh: 0 };
}
