/** Reading the log and the dead letters: from a connection that only reads, and nothing that is not proven. */
import type { DatabaseSync } from 'node:sqlite';
import type { DeadLetter, LogEntry, LogHole } from '@commonworks/core';
import { countBehind } from './cursor-leaps.ts';
import { newestCursor } from './log-identity.ts';

import { bodyOf } from './stored-body.ts';
import { walkLog } from './walk-log.ts';

export const LOG_PAGE_MAX = 1000;
/** A page ends early beyond this, so that a thousand packs of 64 kB are not one answer of 64 MB. */
const PAGE_BYTES_MAX = 8_000_000;
/** A page ends early beyond this: what is lost is told, too, and that takes room. */
const HOLES_MAX = 1000;
const LETTER_TEXT_MAX = 4000;

const LETTERS = 'SELECT * FROM dead_letter WHERE id > ? ORDER BY id LIMIT ?';

export type LogAsk = {
  readonly after: number;
  readonly limit: number;
  /** The newest cursor given out; absent: the newest that can be read. */
  readonly head?: number | undefined;
};

/** `next`: everything up to and including it was told; `behind`: entries after that. */
export type LogRead = {
  readonly entries: LogEntry[];
  readonly holes: LogHole[];
  /** Those of the holes that nobody has remembered yet. */
  readonly found: LogHole[];
  readonly next: number;
  readonly behind: number;
};

export function readLog(db: DatabaseSync, { after, limit, head = newestCursor(db) }: LogAsk): LogRead {
  const most = Math.min(limit, LOG_PAGE_MAX);
  const entries: LogEntry[] = [];
  const holes: LogHole[] = [];
  const found: LogHole[] = [];
  let next = after;
  let bytes = 0;
  for (const step of walkLog(db, { after, head })) {
    if (step.kind === 'end') {
      next = Math.max(after, step.cursor);
      break;
    }
    const isFull = entries.length >= most || holes.length >= HOLES_MAX;
    bytes += step.kind === 'entry' ? step.entry.body.length : 0;
    if (isFull || (bytes > PAGE_BYTES_MAX && entries.length > 0)) break;
    if (step.kind === 'entry') entries.push(step.entry);
    else holes.push(step.hole);
    if (step.kind === 'hole' && step.isNew) found.push(step.hole);
    next = step.kind === 'entry' ? step.entry.cursor : step.hole.toCursor;
  }
  return { entries, holes, found, next, behind: countBehind(db, { after: next, head }) };
}

export function readDeadLetters(db: DatabaseSync, after: number, limit: number): DeadLetter[] {
  const rows = db.prepare(LETTERS).all(after, Math.min(limit, LOG_PAGE_MAX));
  return rows.map((row) => ({
    id: Number(row['id']),
    receivedMs: Number(row['received_ms']),
    edge: String(row['edge']),
    kind: row['kind'] as DeadLetter['kind'],
    code: String(row['code']),
    reason: String(row['reason']),
    epoch: row['epoch'] === null ? null : String(row['epoch']),
    seq: row['seq'] === null ? null : Number(row['seq']),
    text: Buffer.from(bodyOf(row)).toString('utf8').slice(0, LETTER_TEXT_MAX),
  }));
}
