/** Reads `time,register_wh[,power_w][,serial]`: a meter's readings as a logger wrote them, judged row by row. */
import { isPowerW, isRegisterWh, type Mwh, mwhFromWh } from '@commonworks/core';
import { parseStart } from '../allocate/parse-start.ts';
import { readTable } from '../tables/read-rows.ts';
import { createRowFaults, type RowFaults } from '../tables/row-faults.ts';

export const COLUMNS = ['time', 'register_wh', 'power_w', 'serial'] as const;
type Column = (typeof COLUMNS)[number];

/** How the file writes time, and how the answer does. */
export type TimeForm = 'iso' | 'seconds';

export type RegisterRow = {
  readonly timeMs: number;
  /** Null: the cell is blank, nothing was read. */
  readonly registerMwh: Mwh | null;
  readonly powerW: number | null;
  /** Null: not said. */
  readonly serial: string | null;
};

/** In the order of the file. */
export type RegisterRows = { readonly rows: readonly RegisterRow[]; readonly timeForm: TimeForm };

/** Three years of a reading a minute; beyond that split the file. */
const ROWS_MAX = 2_000_000;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** Seconds beyond the year 5138 are milliseconds by mistake. */
const SECONDS_MAX = 1e11;

/** @throws CodedError `cli.registers-invalid` naming the rows, `cli.file-unreadable`. */
export async function readRegisterRows(file: string): Promise<RegisterRows> {
  const faults = createRowFaults();
  let columns: Column[] = [];
  let wrong: string | null = null;
  const rows: RegisterRow[] = [];
  const forms = new Map<TimeForm, number>();
  const isHeader = (cells: string[]): string | null => {
    columns = cells.map((cell) => cell.trim().toLowerCase()) as Column[];
    wrong = headerFault(columns);
    return wrong;
  };
  for await (const { record, line } of readTable(file, { isHeader, hasComments: true }, faults)) {
    // Without its header no row can be understood.
    if (wrong !== null) break;
    const row = readRow(record, columns, { line, faults, forms });
    if (row !== null) rows.push(row);
    if (rows.length <= ROWS_MAX) continue;
    faults.add(null, `more than ${ROWS_MAX.toLocaleString('en')} rows: split the file`);
    break;
  }
  const [first, other] = [...forms];
  if (other !== undefined)
    faults.add(other[1], `time is written as ${other[0]}, before as ${first?.[0]}: use one form`);
  if (columns.length === 0) faults.add(null, `the file is empty; its first line must be ${COLUMNS.slice(0, 2).join()}`);
  if (rows.length === 0 && faults.count === 0) faults.add(null, 'there is no row after the header');
  faults.throwIfAny('cli.registers-invalid', file);
  return { rows, timeForm: first?.[0] ?? 'iso' };
}

function headerFault(columns: readonly string[]): string | null {
  const known: readonly string[] = COLUMNS;
  if (columns.length === 1 && columns[0]?.includes(';')) return 'columns must be separated by commas, not semicolons';
  const unknown = columns.find((name) => !known.includes(name));
  if (unknown !== undefined) return `unknown column "${unknown.slice(0, 40)}": the columns are ${COLUMNS.join()}`;
  if (new Set(columns).size < columns.length) return 'a column stands twice';
  const missing = COLUMNS.slice(0, 2).find((name) => !columns.includes(name));
  return missing === undefined
    ? null
    : `the column ${missing} is missing: the header is time,register_wh[,power_w][,serial]`;
}

type Reading = { readonly line: number; readonly faults: RowFaults; readonly forms: Map<TimeForm, number> };

/** Null when something is wrong with the row; every fault is noted. */
function readRow(record: string[], columns: readonly Column[], { line, faults, forms }: Reading): RegisterRow | null {
  if (record.length !== columns.length) {
    faults.add(line, `${record.length} columns instead of ${columns.length} (a decimal comma?)`);
    return null;
  }
  const cell = (name: Column) => record[columns.indexOf(name)]?.trim() ?? '';
  const time = parseTime(cell('time'));
  const register = numberIn(cell('register_wh'));
  const power = numberIn(cell('power_w'));
  const found = [
    typeof time === 'string' ? time : null,
    register === undefined ? `register_wh "${cell('register_wh')}" is no number` : null,
    register != null && !isRegisterWh(register) ? `register_wh ${register} is no register: from 0 on, in Wh` : null,
    power === undefined ? `power_w "${cell('power_w')}" is no number` : null,
    power != null && !isPowerW(power) ? `power_w ${power} is no power: below a million kW, in W` : null,
  ].filter((fault) => fault !== null);
  for (const fault of found) faults.add(line, fault);
  if (found.length > 0 || typeof time === 'string') return null;
  if (!forms.has(time.form)) forms.set(time.form, line);
  return {
    timeMs: time.ms,
    registerMwh: register == null ? null : mwhFromWh(register),
    powerW: power ?? null,
    serial: cell('serial') || null,
  };
}

/** Null when blank, undefined when it is no number. */
function numberIn(text: string): number | null | undefined {
  if (text === '') return null;
  return NUMBER.test(text) ? Number(text) : undefined;
}

function parseTime(text: string): { ms: number; form: TimeForm } | string {
  if (NUMBER.test(text)) {
    const seconds = Number(text);
    if (seconds < 0 || seconds > SECONDS_MAX) return `time ${text} is no number of seconds since 1970`;
    return { ms: Math.round(seconds * 1000), form: 'seconds' };
  }
  // A reading may fall between two seconds; the start of an interval may not.
  const fraction = /[.,](\d{1,9})(?=Z|[+-]\d\d:?\d\d$|$)/.exec(text);
  const whole = fraction === null ? text : text.replace(fraction[0], '');
  const ms = parseStart(whole);
  if (typeof ms === 'string') return ms.replace(/^start "/, 'time "');
  return { ms: ms + Math.round(Number(`0.${fraction?.[1] ?? 0}`) * 1000), form: 'iso' };
}
