/** Reads `start,participant,role,kwh`, judging every row before any of them is used. */
import { parseKwh } from '@commonworks/core';
import { CsvError, parse } from 'csv-parse';
import { openBytes, unreadable } from '../tables/open-text.ts';
import { createProgress } from '../tables/progress.ts';
import { createRowFaults, type RowFaults } from '../tables/row-faults.ts';
import { emptyRows, type IntervalRows, ROLES } from './interval-rows.ts';
import { parseStart } from './parse-start.ts';

const HEADER = ['start', 'participant', 'role', 'kwh'] as const;

/** Ten million rows are a year of 285 participants; beyond that split the file by month. */
const ROWS_MAX = 10_000_000;

/** A longer cell is no id and no number: an unclosed quote swallowed the file. */
const RECORD_BYTES_MAX = 4096;

type Reading = {
  readonly rows: IntervalRows;
  readonly faults: RowFaults;
  readonly lengthMs: number;
  /** Parsed starts by their text: an interval's start is written once per participant. */
  readonly startsSeen: Map<string, number | string>;
  readonly namesSeen: Map<string, number>;
};

/**
 * @param options.lengthMs starts must lie on this grid of UTC.
 * @throws CodedError `cli.intervals-invalid` naming the rows, `cli.file-unreadable`.
 */
export async function readIntervalRows(file: string, options: { lengthMs: number }): Promise<IntervalRows> {
  const faults = createRowFaults();
  const reading: Reading = { ...options, rows: emptyRows(), faults, startsSeen: new Map(), namesSeen: new Map() };
  const progress = createProgress('rows read');
  const records = openBytes(file);
  const table = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: RECORD_BYTES_MAX,
  });
  records.on('error', (error) => table.destroy(error));
  try {
    let count = -1;
    for await (const { record, info } of records.pipe(table) as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      count += 1;
      if (count === 0) judgeHeader(record, faults);
      else readRow(record, info.lines, reading);
      if (count > ROWS_MAX)
        faults.add(null, `more than ${ROWS_MAX.toLocaleString('en')} rows: split the file by month`);
      if (count === 0 ? faults.count > 0 : faults.isFull() || count > ROWS_MAX) break;
      if (count % 4096 === 0) progress(count);
    }
    if (count < 0) faults.add(null, `the file is empty; its first line must be ${HEADER.join()}`);
  } catch (error) {
    if (!(error instanceof CsvError)) throw unreadable(file, error);
    faults.add(null, `not a readable table: ${error.message}`);
  } finally {
    records.destroy();
  }
  if (reading.rows.mwh.length === 0 && faults.count === 0) faults.add(null, 'there is no row after the header');
  faults.throwIfAny('cli.intervals-invalid', file);
  return reading.rows;
}

function judgeHeader(record: string[], faults: RowFaults): void {
  if (record.length === HEADER.length && HEADER.every((name, i) => record[i] === name)) return;
  const hint =
    record.length === 1 && record[0]?.includes(';') ? ' (columns must be separated by commas, not semicolons)' : '';
  faults.add(1, `the header is "${record.join().slice(0, 80)}", not ${HEADER.join()}${hint}`);
}

/** Keeps the row when all of it is right; notes every fault otherwise. */
function readRow(record: string[], line: number, { rows, faults, lengthMs, startsSeen, namesSeen }: Reading): void {
  const [start = '', name = '', role = '', kwh = ''] = record;
  const faultsBefore = faults.count;
  if (record.length !== HEADER.length) {
    faults.add(line, `${record.length} columns instead of ${HEADER.length} (a decimal comma, or semicolons?)`);
    return;
  }
  const startMs = startsSeen.get(start) ?? parseStart(start);
  if (!startsSeen.has(start)) startsSeen.set(start, startMs);
  if (typeof startMs === 'string') faults.add(line, startMs);
  else if (startMs % lengthMs !== 0)
    faults.add(line, `start ${start} is not on the grid of ${lengthMs / 60_000} minutes`);
  if (name.trim() === '') faults.add(line, 'participant is blank');
  else if (name !== name.trim()) faults.add(line, `participant "${name}" has spaces around it`);
  const roleAt = (ROLES as readonly string[]).indexOf(role);
  if (roleAt < 0) faults.add(line, `role "${role}" is neither consumer nor producer`);
  const mwh = parseKwh(kwh);
  if (mwh === null) faults.add(line, whyNotKwh(kwh));
  else if (mwh < 0) faults.add(line, `kwh ${kwh} is negative`);
  if (faults.count > faultsBefore || typeof startMs === 'string' || mwh === null) return;
  const participant = namesSeen.get(name) ?? namesSeen.size;
  if (participant === namesSeen.size) {
    namesSeen.set(name, participant);
    rows.names.push(name);
  }
  rows.starts.push(start);
  rows.startsMs.push(startMs);
  rows.participants.push(participant);
  rows.roles.push(roleAt);
  rows.mwh.push(mwh);
  rows.lines.push(line);
}

function whyNotKwh(text: string): string {
  if (text.trim() === '') return 'kwh is blank; a missing value has no row (and then needs --missing exclude)';
  if (/^-?\d+\.\d{7,}$/.test(text)) return `kwh ${text} has more decimals than mWh (six)`;
  if (/^-?\d+,\d+$/.test(text)) return `kwh ${text} has a decimal comma; write a point`;
  return `kwh "${text.slice(0, 40)}" is not a number of kWh such as 0.063000`;
}
