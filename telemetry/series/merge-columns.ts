/** What a chunk holds and what was committed since, as one column: the writer's own, without asking the writer. */
import { Column } from './column.ts';

/** For a time that both have, the one of `kept` stays. */
export function mergeColumns(kept: Column | null, added: Column | null): Column | null {
  if (kept === null || added === null) return kept ?? added;
  const length = kept.length + added.length;
  const merged = Column.of(new Float64Array(length), new Float64Array(length), new Uint8Array(length));
  let [from, other, count] = [0, 0, 0];
  while (from < kept.length || other < added.length) {
    const [mine, theirs] = [timeAt(kept, from), timeAt(added, other)];
    const [source, at] = mine <= theirs ? [kept, from] : [added, other];
    merged.times[count] = source.times[at] ?? 0;
    merged.values[count] = source.values[at] ?? 0;
    merged.flags[count] = source.flags[at] ?? 0;
    count += 1;
    if (mine <= theirs) from += 1;
    if (theirs <= mine) other += 1;
  }
  merged.length = count;
  return merged;
}

/** Whether every reading of `part` stands in `whole`. */
export function isWithin(part: Column, whole: Column): boolean {
  for (let i = 0; i < part.length; i++) {
    const timeMs = timeAt(part, i);
    if (timeAt(whole, whole.indexOf(timeMs)) !== timeMs) return false;
  }
  return true;
}

function timeAt(column: Column, index: number): number {
  return index < column.length ? (column.times[index] ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
}
