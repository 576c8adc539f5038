/** Reads an energy data report (CSV of the EDA platform, one line a quarter hour, three columns a consumer, two a producer). */
import { CsvError, parse } from 'csv-parse';
import { openBytes, unreadable } from '../tables/open-text.ts';
import { createProgress } from '../tables/progress.ts';
import { createRowFaults, type RowFaults } from '../tables/row-faults.ts';
import type { Column, EdaInterval, EdaReport, EdaSource } from './eda-report.ts';
import { createStampReader, parseStamp, type Stamp } from './local-stamps.ts';
import { placeGeneration } from './place-generation.ts';
import { FIELDS, type Field, type PointColumns, type ReportColumns, readColumns } from './report-columns.ts';

/** Five years of quarter hours; columns of 300 metering points with their qualities. */
const ROWS_MAX = 180_000;
const LINE_BYTES_MAX = 1 << 17;
const HEAD_LINES_MAX = 30;

type Point = { readonly columns: PointColumns; readonly values: Record<Field, Column> };

type Reading = {
  readonly faults: RowFaults;
  readonly head: Map<string, { cells: string[]; line: number }>;
  readonly readStamp: ReturnType<typeof createStampReader>;
  readonly intervals: EdaInterval[];
  readonly sources: EdaSource[];
  readonly qualities: Record<string, number>;
  columns: ReportColumns | null;
  points: Point[];
};

/** @throws CodedError `cli.eda-invalid` naming the lines, `cli.file-unreadable`. */
export async function readEdaReport(file: string, options: { zone: string }): Promise<EdaReport> {
  const reading: Reading = {
    faults: createRowFaults(),
    head: new Map(),
    readStamp: createStampReader(options.zone),
    intervals: [],
    sources: [],
    qualities: {},
    columns: null,
    points: [],
  };
  const bytes = openBytes(file);
  const table = parse({
    bom: true,
    delimiter: ';',
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: LINE_BYTES_MAX,
  });
  bytes.on('error', (error) => table.destroy(error));
  const progress = createProgress('lines read');
  try {
    for await (const { record, info } of bytes.pipe(table) as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      readLine(record, info.lines, reading);
      progress(info.lines);
      if (reading.faults.isFull() || reading.intervals.length > ROWS_MAX) break;
      if (reading.columns === null && info.lines > HEAD_LINES_MAX) break;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw unreadable(file, error);
    reading.faults.add(null, `not a readable table: ${error.message}`);
  } finally {
    bytes.destroy();
  }
  if (reading.intervals.length > ROWS_MAX) reading.faults.add(null, `more than ${ROWS_MAX} lines: import it by year`);
  if (reading.intervals.length === 0)
    reading.faults.add(null, 'no line begins with a local time such as 2023-03-26 01:45:00');
  reading.faults.throwIfAny('cli.eda-invalid', file);
  return reportOf(reading);
}

function readLine(cells: string[], line: number, reading: Reading): void {
  const stamp = parseStamp(cells[0] ?? '');
  if (stamp === null) {
    if (reading.columns === null) reading.head.set(cells[0] ?? '', { cells, line });
    else reading.faults.add(line, `"${(cells[0] ?? '').slice(0, 40)}" is not a local time`);
    return;
  }
  if (reading.columns === null) {
    reading.columns = readColumns(reading.head, reading.faults);
    reading.points = reading.columns.points.map((columns) => ({
      columns,
      values: { consumed: [], offered: [], covered: [], surplusTitled: [], totalTitled: [] },
    }));
  }
  const at = reading.readStamp(stamp);
  if (typeof at === 'string') {
    reading.faults.add(line, at);
    return;
  }
  const source = sourceOf(stamp, line, reading.sources);
  reading.intervals.push({ ...at, line, source: reading.sources.length - 1 });
  countQualities(cells, reading, source);
  for (const { columns, values } of reading.points) {
    for (const field of FIELDS)
      values[field].push(readCell(cells, columns.at[field], { field, line, faults: reading.faults }));
  }
}

function sourceOf(stamp: Stamp, line: number, sources: EdaSource[]): EdaSource {
  let source = sources.at(-1);
  if (source?.stampForm !== stamp.form) {
    source = { stampForm: stamp.form, firstLine: line, lastLine: line, rows: 0, ratedRows: 0, generationIn: 'total' };
    sources.push(source);
  }
  source.lastLine = line;
  source.rows += 1;
  return source;
}

function countQualities(cells: string[], reading: Reading, source: EdaSource): void {
  const qualityAt = reading.columns?.qualityAt ?? [];
  let isRated = false;
  for (const at of qualityAt) {
    const code = cells[at] || 'blank';
    reading.qualities[code] = (reading.qualities[code] ?? 0) + 1;
    if (code !== 'blank') isRated = true;
  }
  if (isRated) source.ratedRows += 1;
}

const NUMBER = /^-?\d+(?:[.,]\d+)?(?:e-?\d+)?$/i;

/** Binary fractions in the report are off by far less than this; a real seventh decimal is more. */
const FLOAT_NOISE_MWH = 0.001;

/** kWh as the report writes them, also 7.6e-05 and 0.30000000000000004; null for blank. */
function readCell(
  cells: string[],
  positions: readonly number[],
  place: { field: Field; line: number; faults: RowFaults },
): number | null {
  let value: number | null = null;
  for (const at of positions) {
    const text = (cells[at] ?? '').trim();
    if (text === '') continue;
    const column = `column ${at + 1}`;
    if (value !== null)
      place.faults.add(place.line, `${column}: the metering point stands twice and both have a value`);
    if (!NUMBER.test(text)) {
      place.faults.add(place.line, `${column}: "${text.slice(0, 30)}" is not a number`);
      continue;
    }
    const exact = Number(text.replace(',', '.')) * 1e6;
    value = Math.round(exact);
    if (place.field === 'consumed' && Math.abs(exact - value) > FLOAT_NOISE_MWH) {
      place.faults.add(place.line, `${column}: ${text} has more decimals than mWh`);
    }
    if (value < 0) place.faults.add(place.line, `${column}: ${text} is negative`);
  }
  return value;
}

function reportOf({ points, intervals, sources, qualities }: Reading): EdaReport {
  const isSilent = (point: Point): boolean =>
    FIELDS.every((field) => point.values[field].every((value) => value === null));
  const heard = points.filter((point) => !isSilent(point));
  const silent = (role: PointColumns['role']): string[] =>
    points.filter((point) => isSilent(point) && point.columns.role === role).map((point) => point.columns.id);
  const producing = heard.filter((point) => point.columns.role === 'producer');
  const placed = placeGeneration(
    producing.map((point) => point.values),
    { intervals, sources },
  );
  return {
    intervals,
    sources: placed.sources,
    qualities,
    silentConsumers: silent('consumer'),
    silentProducers: silent('producer'),
    consumers: heard
      .filter((point) => point.columns.role === 'consumer')
      .map(({ columns, values }) => ({
        id: columns.id,
        consumed: values.consumed,
        offered: values.offered,
        covered: values.covered,
      })),
    producers: producing.map((point, k) => ({
      id: point.columns.id,
      generated: placed.producers[k]?.generated ?? [],
      surplus: placed.producers[k]?.surplus ?? [],
    })),
  };
}
