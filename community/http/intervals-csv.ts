/** Intervals as CSV: numbers, UTC times, our own codes; what people typed is quoted so that no spreadsheet can take it for a formula. */
import { formatKwh } from '@commonworks/core';
import type { ShareInterval } from '@commonworks/core/api/index.ts';

const HEAD =
  'start,consumed_kwh,offered_kwh,allocated_kwh,residual_kwh,production_kwh,opening_kwh,closing_kwh,quality,coverage_pct,rounding_micro_mwh,method,reason';

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
      interval.method ?? '',
      interval.reason === null ? '' : quoted(`typed by a person: ${interval.reason}`),
    ].join(','),
  );
  return `${[HEAD, ...rows].join('\n')}\n`;
}

/** Missing is empty, never zero. */
function kwh(mwh: number | null): string {
  return mwh === null ? '' : formatKwh(mwh);
}

/** RFC 4180; it begins with a letter of ours, so it is text to every spreadsheet, and stays on its line. */
function quoted(text: string): string {
  return `"${text.replaceAll(/[\r\n\t]+/g, ' ').replaceAll('"', '""')}"`;
}
