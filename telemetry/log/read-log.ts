/** Reading the log and the dead letters: from a connection that only reads, and nothing that is not proven. */
import type { DatabaseSync } from 'node:sqlite';
import type { DeadLetter, LogEntry, LogHole } from '@commonworks/core';
import { countBehind } from './cursor-leaps.ts';
import { provenLetter } from './letter-check.ts';
import { newestCursor } from './log-identity.ts';
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

/** `onDamaged`: of each that is not what was written; nothing of it is told but which it is. */
export function readDeadLetters(
  db: DatabaseSync,
  { after, limit }: { readonly after: number; readonly limit: number },
  onDamaged: (id: number) => void = () => undefined,
): DeadLetter[] {
  const select = db.prepare(LETTERS);
  // A number that JavaScript cannot hold is damage of one letter, and must not hide the others.
  select.setReadBigInts(true);
  return select.all(after, Math.min(limit, LOG_PAGE_MAX)).map((row) => {
    const id = Number(row['id']);
    const found = provenLetter(row);
    if (found === null) {
      onDamaged(id);
      return damagedLetter(id, row);
    }
    const text = Buffer.from(found.body).toString('utf8').slice(0, LETTER_TEXT_MAX);
    return { id, ...found.letter, text };
  });
}

/** Edge and time as they stand: by the edge it can be released. */
function damagedLetter(id: number, row: Record<string, unknown>): DeadLetter {
  const receivedMs = Number(row['received_ms']);
  return {
    ...{ id, receivedMs: Number.isSafeInteger(receivedMs) ? receivedMs : 0, edge: String(row['edge']) },
    ...{ kind: row['kind'] === 'pack' ? 'pack' : 'record', code: 'telemetry.log-damaged' },
    reason: 'this letter is damaged in telemetry.db: what it said is lost, its edge and time are not proven',
    ...{ epoch: null, seq: null, text: '' },
  };
}
