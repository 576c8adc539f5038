/** Intervals as CSV: numbers and UTC times only, so that no spreadsheet can take a cell for a formula. */
import { formatKwh } from '@commonworks/core';
import type { ShareInterval } from '@commonworks/core/api/index.ts';

const HEAD =
  'start,consumed_kwh,offered_kwh,allocated_kwh,residual_kwh,production_kwh,opening_kwh,closing_kwh,quality,coverage_pct,rounding_micro_mwh';

export function intervalsCsv(intervals: readonly ShareInterval[]): string {
  const rows = intervals.map((interval) =>
    [
      new Date(interval.startMs).toISOString(),
      kwh(interval.consumedMwh),
      kwh(interval.offeredMwh),
      kwh(interval.allocatedMwh),
      kwh(interval.residualMwh),
      kwh(interval.productionMwh),
      kwh(interval.openingMwh),
      kwh(interval.closingMwh),
      interval.quality,
      interval.coveragePct,
      interval.roundingMicroMwh,
    ].join(','),
  );
  return `${[HEAD, ...rows].join('\n')}\n`;
}

/** Missing is empty, never zero. */
function kwh(mwh: number | null): string {
  return mwh === null ? '' : formatKwh(mwh);
}
