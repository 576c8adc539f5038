/** Packs on their way to the wire: each is looked at before it goes out, and one that is damaged never does. */
import { invariant } from '@commonworks/core';
import { DamagedFile } from './outbox-faults.ts';
import type { OutboxLife } from './outbox-life.ts';
import { type PackRow, rowsOf } from './pack-rows.ts';
import { judgePack } from './pack-verdict.ts';
import { setAside } from './set-aside.ts';
import type { KeptPack } from './store.ts';

export type ReadLimit = { readonly packs: number; readonly bytes: number };
type Reading = { readonly limit: ReadLimit; readonly stampMs: number };

/** Empty only when nothing more waits. */
export function readWaiting(
  life: OutboxLife,
  { afterN, ...reading }: Reading & { readonly afterN: number },
): KeptPack[] {
  const { sql } = life;
  const newestN = life.packs.backlog().headN;
  for (;;) {
    const firstN = sql.firstWaiting.get()?.['n'];
    if (typeof firstN !== 'number') return [];
    const rows = sql.waiting.iterate(Math.max(afterN, firstN - 1), reading.limit.packs);
    const { intact, isAll, spoiledN } = take(life, rowsOf(rows), reading);
    // What declares them was written just now: were that damaged, too, this would never end.
    invariant(spoiledN <= newestN, 'a pack written just now can be read');
    // Damaged ones are no longer there: what comes behind them is read.
    if (intact.length > 0 || isAll) return intact;
  }
}

/** Empty only when nothing more is wanted. */
export function readWanted(life: OutboxLife, reading: Reading): KeptPack[] {
  const { sql, wanted } = life;
  const { limit } = reading;
  const all: KeptPack[] = [];
  let size = 0;
  for (let range = wanted.first(); range !== null; range = wanted.first()) {
    const left = { packs: limit.packs - all.length, bytes: limit.bytes - size };
    if (left.packs <= 0 || left.bytes <= 0) return all;
    // What is above the mark by now waits, and goes out with all that waits.
    const mark = sql.epochs.get(range.epoch)?.mark ?? 0;
    const rows = sql.between.iterate(range.epoch, range.fromSeq, Math.min(range.toSeq, mark), left.packs);
    const { intact, lastSeq } = take(life, rowsOf(rows), { ...reading, limit: left });
    wanted.passed(lastSeq ?? range.toSeq);
    all.push(...intact);
    size += intact.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
  }
  return all;
}

type Taken = {
  readonly intact: KeptPack[];
  readonly isAll: boolean;
  readonly lastSeq: number | null;
  readonly spoiledN: number;
};

function take(life: OutboxLife, rows: Iterable<PackRow>, { limit, stampMs }: Reading): Taken {
  const intact: KeptPack[] = [];
  const spoiled: PackRow[] = [];
  let size = 0;
  let lastSeq: number | null = null;
  for (const row of rows) {
    size += row.bytes;
    if (lastSeq !== null && size > limit.bytes) break;
    lastSeq = row.seq;
    const verdict = judgePack({ edge: life.edge, ...row });
    if (verdict === 'misfiled') throw new DamagedFile(`row ${row.n} is not pack ${row.epoch}.${row.seq}`);
    if (verdict === 'spoiled') spoiled.push(row);
    else intact.push({ n: row.n, epoch: row.epoch, seq: row.seq, body: row.body });
  }
  if (spoiled.length > 0) life.packs.transact(() => setAside(life, spoiled, stampMs));
  return { intact, isAll: lastSeq === null, lastSeq, spoiledN: spoiled.at(-1)?.n ?? 0 };
}
