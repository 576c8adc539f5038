/** Reading the log and the dead letters: from a connection that only reads. */
import type { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import type { DeadLetter, LogEntry } from '@commonworks/core';
import { bodyOf } from './stored-body.ts';

export const LOG_PAGE_MAX = 1000;
/** A page ends early beyond this, so that a thousand packs of 64 kB are not one answer of 64 MB. */
const PAGE_BYTES_MAX = 8_000_000;
const LETTER_TEXT_MAX = 4000;

const LOG = `SELECT cursor, edge, epoch, seq, received_ms, hash, compression, body, hub_untrusted
  FROM pack JOIN source ON source.id = pack.source WHERE cursor > ? ORDER BY cursor LIMIT ?`;
const LETTERS = 'SELECT * FROM dead_letter WHERE id > ? ORDER BY id LIMIT ?';

export function readLog(db: DatabaseSync, after: number, limit: number): LogEntry[] {
  const entries: LogEntry[] = [];
  let bytes = 0;
  for (const row of db.prepare(LOG).iterate(after, Math.min(limit, LOG_PAGE_MAX))) {
    const stored = row['body'] as Uint8Array;
    const body = Buffer.from(row['compression'] === 1 ? zstdDecompressSync(stored) : stored).toString('utf8');
    bytes += body.length;
    if (bytes > PAGE_BYTES_MAX && entries.length > 0) break;
    entries.push({
      cursor: Number(row['cursor']),
      edge: String(row['edge']),
      epoch: String(row['epoch']),
      seq: Number(row['seq']),
      receivedMs: Number(row['received_ms']),
      ...(row['hub_untrusted'] === 1 ? { isHubTrusted: false } : {}),
      hash: Buffer.from(row['hash'] as Uint8Array).toString('hex'),
      body,
    });
  }
  return entries;
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
