/** A report or message as the long table that `allocate` reads; blanks have no row. */
import { formatKwh, type Mwh } from '@commonworks/core';
import { csvCell } from '../tables/write-whole.ts';
import type { EdaReport } from './eda-report.ts';

export function* intervalLines(report: EdaReport): Generator<string> {
  yield 'start,participant,role,kwh';
  for (const [i, { start }] of report.intervals.entries()) {
    for (const { id, consumed } of report.consumers) yield* row(start, `${csvCell(id)},consumer`, consumed[i] ?? null);
    for (const { id, generated } of report.producers)
      yield* row(start, `${csvCell(id)},producer`, generated[i] ?? null);
  }
}

function* row(start: string, who: string, mwh: Mwh | null): Generator<string> {
  if (mwh !== null) yield `${start},${who},${formatKwh(mwh)}`;
}
