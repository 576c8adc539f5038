/** Takes damaged entries out of a running log: remembered, and asked for from their edges. */
import type { DatabaseSync } from 'node:sqlite';
import type { LogHole } from '@commonworks/core';
import { type FoundHole, SINGLE_HOLES_MAX } from '@commonworks/telemetry/log/log-holes.ts';
import type { Mark, PackLog } from '@commonworks/telemetry/log/pack-log.ts';
import { provenHash, ROW_COLUMNS } from '@commonworks/telemetry/log/row-check.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';

export type SetAside = {
  /** Of the sources that are asked: to be told. */
  readonly marks: readonly Mark[];
  readonly count: number;
};

/** @throws what SQLite throws when a row cannot be taken out: then only a salvage helps. */
export function setAside(
  { db, log }: { readonly db: DatabaseSync; readonly log: PackLog },
  holes: readonly LogHole[],
  nowMs: number,
): SetAside {
  const found = holes.flatMap((hole) => foundHoles(db, hole));
  const count = inTransaction(db, () => log.holes.setAside(found, nowMs));
  log.holes.committed();
  const sources = new Map(found.map(({ edge, epoch }) => [`${edge}/${epoch}`, { edge, epoch }]));
  const marks = [...sources.values()].flatMap(({ edge, epoch }) =>
    edge === null || epoch === null ? [] : [log.mark(edge, epoch)],
  );
  return { marks, count };
}

/** One for each cursor: the row's own hash where that is proven, so that no other bytes are taken in its place. */
function foundHoles(db: DatabaseSync, hole: LogHole): FoundHole[] {
  const { fromCursor, toCursor, edge, epoch, seq, reason } = hole;
  // Nothing is known of what stood there, and a row for each cursor would fill the file.
  if (toCursor - fromCursor >= SINGLE_HOLES_MAX) return [{ ...hole, cursor: fromCursor, hash: null }];
  const select = db.prepare(`SELECT ${ROW_COLUMNS} FROM pack WHERE cursor = ?`);
  const found: FoundHole[] = [];
  for (let cursor = fromCursor; cursor <= toCursor; cursor++) {
    const row = edge === null || epoch === null || seq === null || reason === 'page' ? undefined : select.get(cursor);
    const hash =
      row === undefined || seq === null ? null : provenHash(row, { edge: edge ?? '', epoch: epoch ?? '', seq });
    found.push({ cursor, edge, epoch, seq, hash, reason });
  }
  return found;
}
