/** What an import says on the terminal: what was read, how it compares, and why the rest differs. */
import { CELL_KINDS, type CellKind } from './causes.ts';
import { AGREE_WITHIN_MWH, type Comparison } from './compare-report.ts';
import type { EdaReport, EdaSource } from './eda-report.ts';

export function describeReport(report: EdaReport): string {
  const { intervals, consumers, producers, sources } = report;
  const blanks = (columns: readonly (readonly (number | null)[])[]): number =>
    columns.reduce((sum, column) => sum + column.filter((value) => value === null).length, 0);
  const qualities = Object.entries(report.qualities).map(([code, count]) => `${code} ${count}`);
  return [
    `${intervals.length} quarter hours from ${intervals[0]?.start} to ${intervals.at(-1)?.start}`,
    `${consumers.length} consumers (${blanks(consumers.map((one) => one.consumed))} values blank), ${producers.length} producers (${blanks(producers.map((one) => one.generated))} blank)`,
    ...without('consumers', report.silentConsumers),
    ...without('producers', report.silentProducers),
    ...sources.map(describeSource),
    ...(qualities.length > 0 ? [`qualities: ${qualities.join(', ')}`] : []),
  ].join('\n');
}

function without(role: string, ids: readonly string[]): string[] {
  return ids.length === 0 ? [] : [`${ids.length} ${role} named without any value: ${ids.join(', ')}`];
}

function describeSource(source: EdaSource): string {
  const column = source.generationIn === 'total' ? 'Gesamte gemeinschaftliche Erzeugung' : 'Gesamt/Überschusserzeugung';
  return `lines ${source.firstLine}-${source.lastLine}: stamps ${source.stampForm}, ${source.ratedRows} of ${source.rows} lines with qualities, generation in column "${column}"`;
}

export function describeComparison(comparison: Comparison): string {
  const { cells, causes, unexplained } = comparison;
  const sum = (counts: Record<CellKind, number>): number => CELL_KINDS.reduce((total, kind) => total + counts[kind], 0);
  const agreement = CELL_KINDS.map((kind) => {
    const { compared, same, withinOne, differ } = cells[kind];
    return [kind, compared, same, withinOne, differ, percent(same + withinOne, compared)];
  });
  const reasons = causes.map((cause) => [
    cause.name,
    ...CELL_KINDS.map((kind) => cause.explains[kind]),
    sum(cause.explains),
    cause.holds,
    cause.holdsAndDiffers,
  ]);
  const rest = ['unexplained', ...CELL_KINDS.map((kind) => unexplained[kind]), sum(unexplained), '', ''];
  return [
    table([['cells', 'compared', 'same', `within ${AGREE_WITHIN_MWH} mWh`, 'differ', 'agree'], ...agreement]),
    '',
    table([['differs because', ...CELL_KINDS, 'all', 'holds in', 'of which differ'], ...reasons, rest]),
    ...causes.filter((cause) => sum(cause.explains) > 0).map((cause) => `  ${cause.name}: ${cause.meaning}`),
    ...(sum(unexplained) > 0 ? [`  largest unexplained difference: ${comparison.unexplainedMaxMwh} mWh`] : []),
    ...comparison.examples.map((example) => `  unexplained: ${example}`),
  ].join('\n');
}

/** Rounded down, so that 100.000 % means all. */
function percent(part: number, whole: number): string {
  if (whole === 0) return '-';
  return `${(Math.floor((100_000 * part) / whole) / 1000).toFixed(3)} %`;
}

function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => String(row[c]).length)));
  const line = (row: readonly (string | number)[]): string =>
    row
      .map((cell, c) => (c === 0 ? String(cell).padEnd(widths[c] ?? 0) : String(cell).padStart(widths[c] ?? 0)))
      .join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}
