/** The lines of a small table with a fixed header, one at a time; faults go where the caller collects them. */
import { CsvError, parse } from 'csv-parse';
import { openBytes, unreadable } from './open-text.ts';
import type { RowFaults } from './row-faults.ts';

export type Row = { readonly record: string[]; readonly line: number };

/** Ends early when there are as many faults as are told. @throws CodedError `cli.file-unreadable`. */
export async function* readRows(file: string, header: string, faults: RowFaults): AsyncGenerator<Row> {
  const bytes = openBytes(file);
  const table = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  bytes.on('error', (error) => table.destroy(error));
  let isFirst = true;
  try {
    for await (const { record, info } of bytes.pipe(table) as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      if (!isFirst) yield { record, line: info.lines };
      else if (record.join() !== header) faults.add(1, `the header is not ${header}`);
      isFirst = false;
      if (faults.isFull()) return;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw unreadable(file, error);
    faults.add(null, `not a readable table: ${error.message}`);
  }
}
