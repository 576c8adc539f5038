/** Shares a frozen month: every interval anew from its rows, and the sums that are posted. */
import { invariant } from '@commonworks/core';
import { canonicalJson } from '@commonworks/core/canonical-json.ts';
import {
  inputFault,
  type LineTotal,
  type ResultRow,
  type StorageTotal,
  tallyPeriod,
} from '@commonworks/core/settlement/index.ts';
import type { FrozenPeriod } from './freeze-period.ts';

export type SharedPeriod = {
  readonly days: readonly { readonly day: string; readonly rows: ResultRow[] }[];
  readonly totals: LineTotal[];
  readonly storage: StorageTotal[];
};

export function shareFrozen(frozen: FrozenPeriod): SharedPeriod {
  const tally = tallyPeriod(frozen.header);
  const days = frozen.days.map(({ day, rows }) => {
    for (const row of rows) {
      const fault = inputFault(frozen.header, row);
      invariant(fault === null, `a frozen row ${fault}: ${canonicalJson(row)}`);
    }
    return {
      day,
      rows: [...Map.groupBy(rows, (row) => row[2]).values()].flatMap((interval) => tally.settle(interval)),
    };
  });
  return { days, totals: tally.totals(), storage: tally.storage() };
}

export function sumsOf(totals: readonly LineTotal[]) {
  let [production, allocated, surplus, taken] = [0, 0, 0, 0];
  for (const total of totals) {
    if (total.direction === 0) taken += total.allocatedMwh;
    else {
      production += total.energyMwh - total.gridMwh;
      allocated += total.allocatedMwh;
      surplus += total.restMwh - total.gridMwh;
    }
  }
  invariant(taken === allocated && allocated + surplus === production, 'what was given was taken, or is surplus');
  return { production_mwh: production, allocated_mwh: allocated, surplus_mwh: surplus };
}
