/** The lines of a small table with a fixed header, one at a time; faults go where the caller collects them. */
import { CsvError, parse } from 'csv-parse';
import { openBytes, unreadable } from './open-text.ts';
import type { RowFaults } from './row-faults.ts';

export type Row = { readonly record: string[]; readonly line: number };

/** Ends early when there are as many faults as are told. @throws CodedError `cli.file-unreadable`. */
export function readRows(file: string, header: string, faults: RowFaults): AsyncGenerator<Row> {
  const isHeader = (record: string[]) => (record.join() === header ? null : `the header is not ${header}`);
  return readTable(file, { isHeader, hasComments: false }, faults);
}

export type TableForm = {
  /** What is wrong with the header, or null. */
  readonly isHeader: (record: string[]) => string | null;
  /** Whether lines that begin with # are passed over. */
  readonly hasComments: boolean;
};

/** Ends early as `readRows` does, and throws the same. */
export async function* readTable(file: string, form: TableForm, faults: RowFaults): AsyncGenerator<Row> {
  const bytes = openBytes(file);
  const comments = form.hasComments ? { comment: '#', comment_no_infix: true } : {};
  const table = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true, ...comments });
  bytes.on('error', (error) => table.destroy(error));
  let isFirst = true;
  try {
    for await (const { record, info } of bytes.pipe(table) as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      if (isFirst) {
        const fault = form.isHeader(record);
        if (fault !== null) faults.add(info.lines, fault);
      } else yield { record, line: info.lines };
      isFirst = false;
      if (faults.isFull()) return;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw unreadable(file, error);
    faults.add(null, `not a readable table: ${error.message}`);
  }
}
