/** What a register counts in, read off the values it shows: a coarse one stands still for a while although energy flows. */
import type { Mwh } from '../energy.ts';
import { COUNTER_LIMITS, type CounterPoint } from './counter-state.ts';

type Count = Pick<CounterPoint, 'countMwh' | 'coarserValues'>;

/** 1 kWh, 100 Wh and 10 Wh; a register that counts finer than that never stands still for long. */
const COUNTS_MWH = [1_000_000, 100_000, 10_000] as const;

/** @param top the point before it of the same register; absent: this is the first value that is known. */
export function countAfter(top: CounterPoint | undefined, registerMwh: Mwh): Count {
  const shownMwh = COUNTS_MWH.find((count) => registerMwh % count === 0) ?? 0;
  if (top === undefined || shownMwh <= top.countMwh) return { countMwh: shownMwh, coarserValues: 0 };
  const { countMwh, coarserValues } = top;
  if (registerMwh === top.registerMwh) return { countMwh, coarserValues };
  if (coarserValues + 1 < COUNTER_LIMITS.coarserValues) return { countMwh, coarserValues: coarserValues + 1 };
  const coarserMwh = COUNTS_MWH.findLast((count) => count > countMwh) ?? countMwh;
  return { countMwh: coarserMwh, coarserValues: 0 };
}
