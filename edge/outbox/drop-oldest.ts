/** Drops the oldest packs that wait when they are too old or too many, and says which. */
import { declaredIn, GAP_REASONS, type LostRange } from './gaps.ts';
import { type PackRow, rowsOf } from './pack-rows.ts';
import { keyOf } from './pack-verdict.ts';
import type { Statements } from './statements.ts';
import type { OutboxOptions } from './store.ts';

/** Trimming for lack of room makes this much, so that not every append has to trim. */
const ROOM_SHARE = 0.9;

export type DropContext = {
  /** Of all that waits. */
  readonly bytes: number;
  readonly options: Pick<OutboxOptions, 'bytesMax' | 'ageMaxMs'>;
  readonly elapsedMs: number;
};

/** One range for each epoch, and what the dropped packs themselves declared of other epochs. */
export function dropOldest(sql: Statements, { bytes, options, elapsedMs }: DropContext): LostRange[] {
  const isOver = bytes > options.bytesMax;
  const firstN = sql.firstWaiting.get()?.['n'];
  if (typeof firstN !== 'number') return [];
  const bornBeforeMs = elapsedMs - options.ageMaxMs;
  let leftBytes = bytes;
  let lastN = 0;
  const ranges = new Map<string, LostRange>();
  const declared: LostRange[] = [];
  for (const row of rowsOf(sql.waiting.iterate(firstN - 1, -1))) {
    const isTooOld = row.bornMs < bornBeforeMs;
    if (!isTooOld && !(isOver && leftBytes > options.bytesMax * ROOM_SHARE)) break;
    const reason = isTooOld ? GAP_REASONS.tooOld : GAP_REASONS.full;
    const range = ranges.get(row.epoch) ?? firstOf(sql, row, reason);
    ranges.set(row.epoch, { ...range, toSeq: row.seq });
    if (keyOf(row) !== null) declared.push(...declaredIn(row.body));
    leftBytes -= row.bytes;
    lastN = row.n;
  }
  if (lastN === 0) return [];
  sql.deleteWaitingUpTo.run(lastN);
  return [...ranges.values(), ...stillNews(sql, declared, ranges)];
}

/** From the mark on: a declaration made before may be among what is dropped now, and would leave a hole for ever. */
function firstOf(sql: Statements, { epoch, seq }: PackRow, reason: string): LostRange {
  const mark = sql.epochs.get(epoch)?.mark ?? seq - 1;
  return { epoch, fromSeq: Math.min(mark + 1, seq), toSeq: seq, reason };
}

/** What neither the log knows nor one of the new ranges covers; each once. */
function stillNews(sql: Statements, declared: readonly LostRange[], ranges: Map<string, LostRange>): LostRange[] {
  const news = new Map<string, LostRange>();
  for (const range of declared) {
    const { epoch, fromSeq, toSeq } = range;
    const covered = ranges.get(epoch)?.toSeq ?? sql.epochs.get(epoch)?.mark ?? 0;
    if (toSeq > covered) news.set(`${epoch}.${fromSeq}.${toSeq}`, range);
  }
  return [...news.values()];
}
