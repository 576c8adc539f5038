/** One interval's production shared among its members, with every promise of the rule asserted. */
import type { Mwh } from '../energy.ts';
import { invariant } from '../errors.ts';
import { apportion } from './largest-remainder.ts';
import { tieOrder } from './tie-order.ts';
import { fillByWeight, type Rounds } from './water-filling.ts';

/** `pro-rata`: by consumption in the interval. `fixed`: by the weights of the key (shares, ppm, panels: whole numbers). */
export const ALLOCATION_METHODS = ['pro-rata', 'fixed'] as const;
export type AllocationMethod = (typeof ALLOCATION_METHODS)[number];

/** Energies are whole, not negative. `weight` is read by `fixed` only, whole, not negative; absent counts as 0. */
export type ConsumerInput = { readonly id: string; readonly mwh: Mwh; readonly weight?: number };
export type ProducerInput = { readonly id: string; readonly mwh: Mwh };

export type IntervalInput = {
  /** UTC epoch ms; with `keyVersion` and the ids it orders ties. */
  readonly startMs: number;
  readonly keyVersion: string;
  readonly method: AllocationMethod;
  readonly consumers: readonly ConsumerInput[];
  readonly producers: readonly ProducerInput[];
  /** For `fixed`: how often the unused part is offered again. Default 1. */
  readonly rounds?: Rounds;
};

export type ConsumerShare = {
  readonly id: string;
  readonly consumedMwh: Mwh;
  /** What the key promised; may exceed the consumption. */
  readonly offeredMwh: Mwh;
  /** What is credited: never more than consumed. */
  readonly allocatedMwh: Mwh;
  /** consumed - allocated: bought from the usual supplier. */
  readonly residualMwh: Mwh;
  /** What rounding gave (positive) or took (negative) against the exact quotient, in millionths of a mWh. */
  readonly roundingMicroMwh: number;
};

export type ProducerShare = {
  readonly id: string;
  readonly producedMwh: Mwh;
  readonly usedMwh: Mwh;
  readonly surplusMwh: Mwh;
};

export type IntervalAllocation = {
  /** In the order of the input. */
  readonly consumers: readonly ConsumerShare[];
  readonly producers: readonly ProducerShare[];
  readonly producedMwh: Mwh;
  readonly consumedMwh: Mwh;
  readonly allocatedMwh: Mwh;
  readonly surplusMwh: Mwh;
};

/**
 * Shares the interval's production. The result does not depend on the order of the input.
 * Energies and weights must be whole and not negative, ids distinct within consumers and within producers.
 */
export function allocateInterval(input: IntervalInput): IntervalAllocation {
  const demands = Float64Array.from(input.consumers, (consumer) => consumer.mwh);
  const production = Float64Array.from(input.producers, (producer) => producer.mwh);
  const isProRata = input.method === 'pro-rata';
  const weights = isProRata ? demands : Float64Array.from(input.consumers, (consumer) => consumer.weight ?? 0);
  for (const list of [demands, production, weights]) assertWhole(list);
  for (const list of [input.consumers, input.producers]) {
    invariant(new Set(list.map((one) => one.id)).size === list.length, 'ids are distinct');
  }
  const produced = sum(production);
  const order = tieOrder(input.keyVersion, input.startMs);
  const byId = (list: readonly { id: string }[]) => (a: number, b: number) => order(idAt(list, a), idAt(list, b));
  const rounds = isProRata ? 1 : (input.rounds ?? 1);
  const filling = fillByWeight(produced, { demands, weights }, { rounds, tie: byId(input.consumers) });
  const allocated = sum(filling.allocated);
  const used = apportion(allocated, production, { tie: byId(input.producers) }).shares;
  const result: IntervalAllocation = {
    consumers: input.consumers.map((consumer, i) => ({
      id: consumer.id,
      consumedMwh: consumer.mwh,
      offeredMwh: filling.offered[i] as number,
      allocatedMwh: filling.allocated[i] as number,
      residualMwh: consumer.mwh - (filling.allocated[i] as number),
      roundingMicroMwh: Math.round((filling.rounding[i] as number) * 1e6) + 0,
    })),
    producers: input.producers.map((producer, k) => ({
      id: producer.id,
      producedMwh: producer.mwh,
      usedMwh: used[k] as number,
      surplusMwh: producer.mwh - (used[k] as number),
    })),
    producedMwh: produced,
    consumedMwh: sum(demands),
    allocatedMwh: allocated,
    surplusMwh: produced - allocated,
  };
  assertConserved(result, { isProRata, roundingsMax: rounds === 'all' ? 1 : rounds });
  return result;
}

/** The invariants of docs/allocation.md: a broken one is our fault, and stops the run rather than book a wrong number. */
function assertConserved(result: IntervalAllocation, rule: { isProRata: boolean; roundingsMax: number }): void {
  let surplus = 0;
  for (const producer of result.producers) {
    invariant(producer.usedMwh >= 0 && producer.surplusMwh >= 0, 'a producer is used between nothing and all');
    surplus += producer.surplusMwh;
  }
  invariant(result.allocatedMwh + surplus === result.producedMwh, 'allocated plus surplus is the production');
  for (const consumer of result.consumers) {
    invariant(consumer.allocatedMwh >= 0 && consumer.residualMwh >= 0, 'a member is credited between nothing and all');
    invariant(Math.abs(consumer.roundingMicroMwh) <= rule.roundingsMax * 1e6, 'a round moves at most one mWh');
  }
  const shareable = Math.min(result.producedMwh, result.consumedMwh);
  invariant(result.allocatedMwh <= shareable, 'no more is credited than produced or consumed');
  invariant(!rule.isProRata || result.allocatedMwh === shareable, 'pro rata credits all that can be credited');
}

function assertWhole(values: Float64Array): void {
  for (const value of values)
    invariant(Number.isSafeInteger(value) && value >= 0, 'energies and weights are whole and not negative');
}

function idAt(list: readonly { id: string }[], index: number): string {
  return list[index]?.id ?? '';
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
