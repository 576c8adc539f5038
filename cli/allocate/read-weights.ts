/** Reads the weights of a fixed key: `participant,weight`. */
import { parseKwh } from '@commonworks/core';
import { readRows } from '../tables/read-rows.ts';
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
  for await (const { record, line } of readRows(file, 'participant,weight', faults)) {
    const [name = '', weight = ''] = record;
    const millionths = parseKwh(weight);
    if (name.trim() === '') faults.add(line, 'participant is blank');
    else if (weights.has(name)) faults.add(line, `${name} has a weight already`);
    if (millionths === null || millionths < 0)
      faults.add(line, `weight "${weight}" is not a number with up to six decimals`);
    else weights.set(name, millionths);
    if (weights.size > WEIGHTS_MAX) break;
  }
  if (weights.size > WEIGHTS_MAX) faults.add(null, `more than ${WEIGHTS_MAX} weights`);
  if (faults.count === 0 && ![...weights.values()].some((weight) => weight > 0))
    faults.add(null, 'no weight is above zero');
  faults.throwIfAny('cli.weights-invalid', file);
  return weights;
}
