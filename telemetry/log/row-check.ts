/** What proves that a row of the log is as it was written: SHA-256 over all of it, its first eight bytes kept beside it. */
import { createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { decodePack, type LogEntry, type PackKey } from '@commonworks/core';
import { readPackKey } from './read-key.ts';

/** Chance takes a changed row for a sound one once in 2^64. */
const CHECK_BYTES = 8;
/** Far above any pack: a damaged frame must not claim gigabytes. */
const BODY_BYTES_MAX = 16_777_216;

export type CheckedRow = PackKey & {
  readonly cursor: number;
  readonly receivedMs: number;
  readonly isHubTrusted: boolean;
  readonly hash: Uint8Array;
};

export function rowCheck({ cursor, edge, epoch, seq, receivedMs, isHubTrusted, hash }: CheckedRow): Buffer {
  const text = [cursor, edge, epoch, seq, receivedMs, isHubTrusted ? 1 : 0].join('/');
  return createHash('sha256').update(text).update(hash).digest().subarray(0, CHECK_BYTES);
}

/** The columns that `readRow` wants, of `pack` left-joined with `source`. */
export const ROW_COLUMNS =
  'pack.cursor, edge, epoch, pack.seq, received_ms, hash, compression, body, hub_untrusted, row_check';

export type RowVerdict =
  | { readonly ok: true; readonly entry: LogEntry; readonly body: Uint8Array }
  | { readonly ok: false; readonly reason: 'body' | 'row' };

const BAD_ROW = { ok: false, reason: 'row' } as const;
const BAD_BODY = { ok: false, reason: 'body' } as const;

/**
 * The entry of a row, if it is proven. The body names its own key, and the check vouches for it: so a damaged row of
 * `source` spoils none of its packs. Rows without a check are proven by their body's hash and its key alone.
 */
export function readRow(row: Record<string, unknown>): RowVerdict {
  const { cursor, received_ms: receivedMs, hash, body: stored, row_check: check } = row;
  if (typeof cursor !== 'number' || typeof receivedMs !== 'number') return BAD_ROW;
  if (!(hash instanceof Uint8Array) || hash.length !== 32) return BAD_ROW;
  const body = unpacked(stored, row['compression']);
  if (body === null || !createHash('sha256').update(body).digest().equals(hash)) return BAD_BODY;
  const isHubTrusted = row['hub_untrusted'] !== 1;
  const key = provenKey(row, body, (one) => {
    if (!(check instanceof Uint8Array)) return check === null;
    return rowCheck({ ...one, cursor, receivedMs, isHubTrusted, hash }).equals(check);
  });
  if (key === null) return BAD_ROW;
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
  const head = { cursor, edge: key.edge, epoch: key.epoch, seq: key.seq, receivedMs };
  const trust = isHubTrusted ? {} : { isHubTrusted };
  return { ok: true, body, entry: { ...head, ...trust, hash: Buffer.from(hash).toString('hex'), body: text } };
}

/** Which bytes the body had, of a row whose body alone is damaged; null when the row does not prove it. */
export function provenHash(row: Record<string, unknown>, key: PackKey): Uint8Array | null {
  const { cursor, received_ms: receivedMs, hash, row_check: check } = row;
  if (typeof cursor !== 'number' || typeof receivedMs !== 'number') return null;
  if (!(hash instanceof Uint8Array) || !(check instanceof Uint8Array)) return null;
  const told = { ...key, cursor, receivedMs, isHubTrusted: row['hub_untrusted'] !== 1, hash };
  return rowCheck(told).equals(check) ? hash : null;
}

function unpacked(stored: unknown, compression: unknown): Uint8Array | null {
  if (!(stored instanceof Uint8Array) || (compression !== 0 && compression !== 1)) return null;
  if (compression === 0) return stored;
  try {
    return zstdDecompressSync(stored, { maxOutputLength: BODY_BYTES_MAX });
  } catch {
    return null;
  }
}

function provenKey(
  row: Record<string, unknown>,
  body: Uint8Array,
  isProven: (key: PackKey) => boolean,
): PackKey | null {
  const { edge, epoch, seq } = row;
  const own = readPackKey(body);
  const told = typeof edge === 'string' && typeof epoch === 'string' && typeof seq === 'number';
  const beside = told ? { edge, epoch, seq } : null;
  if (row['row_check'] === null) {
    if (beside === null) return null;
    return isSameKey(own, beside) || isSameKey(decodedKey(body), beside) ? beside : null;
  }
  // A body may be written so that its first lines seem to name another key than they do.
  for (const key of [own, beside]) if (key !== null && isProven(key)) return key;
  return null;
}

function decodedKey(body: Uint8Array): PackKey | null {
  try {
    return decodePack(body).pack;
  } catch {
    return null;
  }
}

function isSameKey(a: PackKey | null, b: PackKey): boolean {
  return a !== null && a.edge === b.edge && a.epoch === b.epoch && a.seq === b.seq;
}
