/** What waits in an old copy is numbered anew: under its old numbers the log has another's bytes. */
import type { DatabaseSync } from 'node:sqlite';
import { decodePack } from '@commonworks/core';
import { GAP_REASONS } from './gaps.ts';
import { missing, type PackRows, rowsOf } from './pack-rows.ts';
import { judgePack } from './pack-verdict.ts';
import type { Statements } from './statements.ts';

export type Renumbered = {
  readonly db: DatabaseSync;
  readonly sql: Statements;
  readonly packs: PackRows;
  readonly edge: string;
};

/** Called inside a transaction. */
export function numberAnew({ db, sql, packs, edge }: Renumbered, stampMs: number): void {
  const epoch = packs.epoch();
  const mark = sql.epochs.get(epoch)?.mark ?? 0;
  const rows = [...rowsOf(sql.waitingOf.iterate(epoch, mark))];
  // No trace may stay: from a damaged file whatever is whole is saved, and these must not come back.
  db.exec('PRAGMA secure_delete = ON');
  sql.deleteWaitingOf.run(epoch, mark);
  db.exec('PRAGMA secure_delete = OFF');
  sql.epochs.put({ epoch, nextSeq: mark + 1, mark });
  packs.recount();
  packs.beginEpoch();
  const intact = rows.filter((row) => judgePack({ edge, ...row }) === 'intact');
  for (const { body, bornMs } of intact) {
    const { pack } = decodePack(body);
    packs.insert(pack, { boot: pack.boot, bornMs });
  }
  if (intact.length < rows.length) packs.declare(missing(sql, GAP_REASONS.damaged), stampMs);
}
