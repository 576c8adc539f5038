/** How the log stands, at one moment: from a connection that only reads. */
import type { DatabaseSync } from 'node:sqlite';
import type { WaitingCount } from './boot-clocks.ts';
import { BootClocks } from './boot-clocks.ts';
import { countBehind } from './cursor-leaps.ts';
import { Cursors } from './cursors.ts';
import { newestCursor } from './log-identity.ts';

export type LogCounts = {
  /** The newest cursor; 0 when the log is empty. */
  readonly head: number;
  readonly deadLetters: number;
  readonly waiting: WaitingCount[];
  /** Most recently heard of first. */
  readonly marks: { readonly edge: string; readonly epoch: string; readonly seq: number; readonly seenMs: number }[];
  readonly sinks: { readonly name: string; readonly cursor: number; readonly behind: number }[];
};

export function readCounts(db: DatabaseSync): LogCounts {
  db.exec('BEGIN');
  try {
    const head = newestCursor(db);
    return {
      head,
      deadLetters: Number(db.prepare('SELECT count(*) AS n FROM dead_letter').get()?.['n'] ?? 0),
      waiting: new BootClocks(db).waiting(),
      marks: readMarks(db),
      sinks: new Cursors(db).all().map((sink) => ({ ...sink, behind: countBehind(db, { after: sink.cursor, head }) })),
    };
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK');
  }
}

function readMarks(db: DatabaseSync): LogCounts['marks'] {
  const rows = db.prepare('SELECT edge, epoch, mark, seen_ms FROM source ORDER BY seen_ms DESC, id DESC').all();
  return rows.map((row) => ({
    edge: String(row['edge']),
    epoch: String(row['epoch']),
    seq: Number(row['mark']),
    seenMs: Number(row['seen_ms']),
  }));
}
