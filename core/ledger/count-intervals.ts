/** How the values of settled intervals came about: measured, estimated, typed by a person, or missing. */
import { qualityRank } from '../quality.ts';
import { type InputRow, methodOf, SUBSTITUTE_METHOD } from '../settlement/index.ts';

export type IntervalCounts = { measured: number; estimated: number; substituted: number; missing: number };

export function noIntervals(): IntervalCounts {
  return { measured: 0, estimated: 0, substituted: 0, missing: 0 };
}

export function countRow(counts: IntervalCounts, row: InputRow): void {
  if (row[8] === null) counts.missing++;
  else if (methodOf(row) === SUBSTITUTE_METHOD) counts.substituted++;
  else if (row[10] === qualityRank('good')) counts.measured++;
  else counts.estimated++;
}

export function sumCounts(all: Iterable<IntervalCounts>): IntervalCounts {
  const sum = noIntervals();
  for (const counts of all) {
    sum.measured += counts.measured;
    sum.estimated += counts.estimated;
    sum.substituted += counts.substituted;
    sum.missing += counts.missing;
  }
  return sum;
}
