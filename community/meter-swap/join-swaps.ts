/** Joins the registers of two meters where a person read both at their exchange: the energy goes on without a hole. */
import type { Judgement } from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { creditedUntil, type RegisterPart } from '../metering/point-register.ts';
import type { MeterSwapTables } from './schema.ts';

export type MeterSwap = MeterSwapTables['meter_swap'];

export type SwapJoin = {
  readonly swap: MeterSwap;
  /** What was added to the old meter's register, and what is added to the new one's, so that it goes on from there. */
  readonly beforeMwh: number;
  readonly shiftMwh: number;
  /** The new meter's first reading after the exchange; what begins another meter until then is this exchange. */
  readonly firstMs: number;
  readonly told: Judgement;
};

/** @param swaps of one register, ascending. @param parts of its point, ascending. */
export async function swapJoins(
  tx: Db,
  swaps: readonly MeterSwap[],
  parts: readonly RegisterPart[],
): Promise<SwapJoin[]> {
  const joins: SwapJoin[] = [];
  for (const swap of swaps) {
    const timeMs = swap.time_ms;
    const old = parts.findLast(({ assignment }) => assignment.fromMs < timeMs);
    const next = parts.findLast(({ assignment }) => assignment.fromMs <= timeMs);
    const firstMs = next === undefined ? timeMs : await firstReading(tx, next, timeMs);
    const beforeMwh = (joins.at(-1)?.shiftMwh ?? 0) + (old === undefined ? 0 : creditedUntil(old, timeMs));
    const creditedMwh = next === undefined ? 0 : creditedUntil(next, firstMs);
    const shiftMwh = beforeMwh + swap.final_mwh - swap.first_mwh - creditedMwh;
    joins.push({ swap, beforeMwh, shiftMwh, firstMs, told: judgementOf(swap) });
  }
  return joins;
}

async function firstReading(tx: Db, { series, toMs }: RegisterPart, afterMs: number): Promise<number> {
  if (series === null) return afterMs;
  const row = await tx
    .selectFrom('register_sample')
    .select('time_ms')
    .where('series_no', '=', series.no)
    .where('time_ms', '>', afterMs)
    .where('time_ms', '<', toMs)
    .orderBy('time_ms')
    .limit(1)
    .executeTakeFirst();
  return row?.time_ms ?? afterMs;
}

/** Nothing flowed in the exchange itself: what passed before and after it is in the registers. */
function judgementOf(swap: MeterSwap): Judgement {
  return {
    ...{ timeMs: swap.time_ms, kind: 'swap', beforeMwh: swap.final_mwh, afterMwh: swap.first_mwh, creditedMwh: 0 },
  };
}
