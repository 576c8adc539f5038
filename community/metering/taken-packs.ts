/** Which packs were taken, by edge and epoch: a few ranges a source, so that a log read again gives no pack twice. */
import type { LogEntry } from '@commonworks/core';
import type { Db } from '../database.ts';
import { countedCursor } from './log-place.ts';

type Range = { from: number; to: number };

/**
 * Notes the entries as taken and returns those that were not before, in their order. In the transaction that takes them:
 * two statements and one row for each source of the page, more only where packs came out of order.
 */
export async function takeNew(tx: Db, entries: readonly LogEntry[]): Promise<LogEntry[]> {
  if (entries.length === 0) return [];
  const counted = await countedCursor(tx);
  const fresh = new Set<LogEntry>();
  for (const group of Map.groupBy(entries, ({ edge, epoch }) => `${edge}/${epoch}`).values()) {
    for (const entry of await takeOfSource(tx, group)) fresh.add(entry);
  }
  return entries.filter((entry) => fresh.has(entry) && entry.cursor > counted);
}

async function takeOfSource(tx: Db, entries: readonly LogEntry[]): Promise<LogEntry[]> {
  const [first] = entries;
  if (first === undefined) return [];
  const { edge, epoch } = first;
  const seqs = entries.map(({ seq }) => seq);
  const near = { from: Math.min(...seqs) - 1, to: Math.max(...seqs) + 1 };
  const rows = await tx
    .selectFrom('taken_packs')
    .select(['from_seq', 'to_seq'])
    .where('edge', '=', edge)
    .where('epoch', '=', epoch)
    .where('from_seq', '<=', near.to)
    .where('to_seq', '>=', near.from)
    .execute();
  const known = rows.map((row): Range => ({ from: row.from_seq, to: row.to_seq }));
  const taken = new Set<number>();
  const fresh = entries.filter(({ seq }) => {
    if (taken.has(seq) || known.some(({ from, to }) => from <= seq && seq <= to)) return false;
    taken.add(seq);
    return true;
  });
  if (fresh.length === 0) return [];
  const merged = mergeRanges([...known, ...[...taken].map((seq) => ({ from: seq, to: seq }))]);
  await replaceRanges(tx, { edge, epoch }, { known, merged });
  return fresh;
}

/** Ascending; those that overlap or touch become one. */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

async function replaceRanges(
  tx: Db,
  { edge, epoch }: { edge: string; epoch: string },
  { known, merged }: { known: readonly Range[]; merged: readonly Range[] },
): Promise<void> {
  for (const { from } of known.filter((one) => !merged.some((range) => range.from === one.from))) {
    await tx
      .deleteFrom('taken_packs')
      .where('edge', '=', edge)
      .where('epoch', '=', epoch)
      .where('from_seq', '=', from)
      .execute();
  }
  for (const { from, to } of merged.filter(
    (one) => !known.some((range) => range.from === one.from && range.to === one.to),
  )) {
    await tx
      .insertInto('taken_packs')
      .values({ edge, epoch, from_seq: from, to_seq: to })
      .onConflict((conflict) => conflict.columns(['edge', 'epoch', 'from_seq']).doUpdateSet({ to_seq: to }))
      .execute();
  }
}

/** So that it is taken when it is read again. */
export async function untake(tx: Db, { edge, epoch, seq }: Pick<LogEntry, 'edge' | 'epoch' | 'seq'>): Promise<void> {
  const row = await tx
    .selectFrom('taken_packs')
    .selectAll()
    .where('edge', '=', edge)
    .where('epoch', '=', epoch)
    .where('from_seq', '<=', seq)
    .where('to_seq', '>=', seq)
    .executeTakeFirst();
  if (row === undefined) return;
  const known = [{ from: row.from_seq, to: row.to_seq }];
  const merged = [
    { from: row.from_seq, to: seq - 1 },
    { from: seq + 1, to: row.to_seq },
  ].filter(({ from, to }) => from <= to);
  await replaceRanges(tx, { edge, epoch }, { known, merged });
}
