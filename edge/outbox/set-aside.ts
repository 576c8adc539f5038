/** Damaged packs leave the queue: they are declared, and their bytes are kept for a person to look at. */
import { GAP_REASONS, type LostRange } from './gaps.ts';
import { missing, type PackRow, type PackRows } from './pack-rows.ts';
import type { Statements } from './statements.ts';

/** Of the newest damaged packs; it is no archive. */
const SPOILED_MAX = 100;

/** With all else that is above its mark and not here: what they declared themselves is lost as well. Called inside a transaction. */
export function setAside(
  { sql, packs }: { sql: Statements; packs: PackRows },
  rows: readonly PackRow[],
  stampMs: number,
): void {
  const marked: LostRange[] = [];
  for (const { n, epoch, seq, body, hash } of rows) {
    sql.deleteAt.run(n);
    sql.keepSpoiled.run(epoch, seq, body, hash);
    const isMarked = seq <= (sql.epochs.get(epoch)?.mark ?? 0);
    if (isMarked) marked.push({ epoch, fromSeq: seq, toSeq: seq, reason: GAP_REASONS.damaged });
  }
  sql.forgetSpoiled.run(SPOILED_MAX);
  packs.recount();
  packs.declare([...marked, ...missing(sql, GAP_REASONS.damaged)], stampMs);
}
