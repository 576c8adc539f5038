/** Reads the weights of a fixed key: `participant,weight`. */
import { parseKwh } from '@commonworks/core';
import { CsvError, parse } from 'csv-parse';
import { openBytes, unreadable } from '../tables/open-text.ts';
import { createRowFaults } from '../tables/row-faults.ts';

const WEIGHTS_MAX = 100_000;

/**
 * Weights are shares, percent or panels, with up to six decimals; they count in proportion to each other.
 * @returns whole millionths by participant.
 * @throws CodedError `cli.weights-invalid`, `cli.file-unreadable`.
 */
export async function readWeights(file: string): Promise<Map<string, number>> {
  const faults = createRowFaults();
  const weights = new Map<string, number>();
  const bytes = openBytes(file);
  const table = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  bytes.on('error', (error) => table.destroy(error));
  let isFirst = true;
  try {
    for await (const { record, info } of bytes.pipe(table) as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      const [name = '', weight = ''] = record;
      if (isFirst) {
        isFirst = false;
        if (record.join() !== 'participant,weight') faults.add(1, 'the header is not participant,weight');
        continue;
      }
      const millionths = parseKwh(weight);
      if (name.trim() === '') faults.add(info.lines, 'participant is blank');
      else if (weights.has(name)) faults.add(info.lines, `${name} has a weight already`);
      if (millionths === null || millionths < 0)
        faults.add(info.lines, `weight "${weight}" is not a number with up to six decimals`);
      else weights.set(name, millionths);
      if (weights.size > WEIGHTS_MAX || faults.isFull()) break;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw unreadable(file, error);
    faults.add(null, `not a readable table: ${error.message}`);
  }
  if (weights.size > WEIGHTS_MAX) faults.add(null, `more than ${WEIGHTS_MAX} weights`);
  if (faults.count === 0 && ![...weights.values()].some((weight) => weight > 0))
    faults.add(null, 'no weight is above zero');
  faults.throwIfAny('cli.weights-invalid', file);
  return weights;
}
