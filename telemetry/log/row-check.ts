/** What proves that a row of the log is as it was written: SHA-256 over all of it, its first eight bytes kept beside it. */
import { createHash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { decodePack, type LogEntry, type PackKey } from '@commonworks/core';
import { storeFault } from '@commonworks/store/store-fault.ts';
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

/** The columns that `readRow` wants, of `pack`. */
export const ROW_COLUMNS = 'cursor, source, seq, received_ms, hash, compression, body, hub_untrusted, row_check';

/** Edge and epoch of a row of `source`; null where it cannot be read. */
export type SourceOf = (id: unknown) => Omit<PackKey, 'seq'> | null;

/** Each looked up once. Not joined: a damaged page of `source` would hide every pack. */
export function sourceReader(db: DatabaseSync): SourceOf {
  const select = db.prepare('SELECT edge, epoch FROM source WHERE id = ?');
  const known = new Map<unknown, Omit<PackKey, 'seq'> | null>();
  return (id) => {
    if (typeof id !== 'number') return null;
    let source = known.get(id);
    if (source === undefined) {
      source = readSource(select, id);
      known.set(id, source);
    }
    return source;
  };
}

function readSource(select: StatementSync, id: number): Omit<PackKey, 'seq'> | null {
  try {
    const { edge, epoch } = select.get(id) ?? {};
    return typeof edge === 'string' && typeof epoch === 'string' ? { edge, epoch } : null;
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

/** What SQLite or the bytes themselves are to blame for; a number too large for JavaScript is no number we wrote. */
export function isDamage(error: unknown): boolean {
  return storeFault(error) === 'corrupt' || (error as { code?: unknown } | null)?.code === 'ERR_OUT_OF_RANGE';
}

/** `stored` is the body as it lies in the row, packed as `compression` says. */
export type ProvenRow = {
  readonly entry: LogEntry;
  readonly body: Uint8Array;
  readonly stored: Uint8Array;
  readonly compression: 0 | 1;
};

export type RowVerdict = ({ readonly ok: true } & ProvenRow) | { readonly ok: false; readonly reason: 'body' | 'row' };

const BAD_ROW = { ok: false, reason: 'row' } as const;
const BAD_BODY = { ok: false, reason: 'body' } as const;

/**
 * The entry of a row, if it is proven. The body names its own key, and the check vouches for it: so a damaged row of
 * `source` spoils none of its packs. Rows without a check are proven by their body's hash and its key alone.
 */
export function readRow(row: Record<string, unknown>, sourceOf: SourceOf): RowVerdict {
  const { cursor, received_ms: receivedMs, hash, body: stored, row_check: check } = row;
  if (typeof cursor !== 'number' || typeof receivedMs !== 'number') return BAD_ROW;
  if (!(hash instanceof Uint8Array) || hash.length !== 32) return BAD_ROW;
  const compression = row['compression'] === 0 ? 0 : 1;
  const isPackedAsTold = row['compression'] === compression;
  if (!(stored instanceof Uint8Array) || !isPackedAsTold) return BAD_BODY;
  const body = unpacked(stored, compression);
  if (body === null || !createHash('sha256').update(body).digest().equals(hash)) return BAD_BODY;
  const isHubTrusted = row['hub_untrusted'] !== 1;
  const key = provenKey({ row, body, sourceOf }, (one) => {
    if (!(check instanceof Uint8Array)) return check === null;
    return rowCheck({ ...one, cursor, receivedMs, isHubTrusted, hash }).equals(check);
  });
  if (key === null) return BAD_ROW;
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
  const head = { cursor, edge: key.edge, epoch: key.epoch, seq: key.seq, receivedMs };
  const trust = isHubTrusted ? {} : { isHubTrusted };
  const bytes = { body, stored, compression } as const;
  return { ok: true, ...bytes, entry: { ...head, ...trust, hash: Buffer.from(hash).toString('hex'), body: text } };
}

/** Which bytes the body had, of a row whose body alone is damaged; null when the row does not prove it. */
export function provenHash(row: Record<string, unknown>, key: PackKey): Uint8Array | null {
  const { cursor, received_ms: receivedMs, hash, row_check: check } = row;
  if (typeof cursor !== 'number' || typeof receivedMs !== 'number') return null;
  if (!(hash instanceof Uint8Array) || !(check instanceof Uint8Array)) return null;
  const told = { ...key, cursor, receivedMs, isHubTrusted: row['hub_untrusted'] !== 1, hash };
  return rowCheck(told).equals(check) ? hash : null;
}

function unpacked(stored: Uint8Array, compression: 0 | 1): Uint8Array | null {
  if (compression === 0) return stored;
  try {
    return zstdDecompressSync(stored, { maxOutputLength: BODY_BYTES_MAX });
  } catch {
    return null;
  }
}

function provenKey(
  { row, body, sourceOf }: { row: Record<string, unknown>; body: Uint8Array; sourceOf: SourceOf },
  isProven: (key: PackKey) => boolean,
): PackKey | null {
  const own = readPackKey(body);
  const isChecked = row['row_check'] !== null;
  // A body may be written so that its first lines seem to name another key than they do.
  if (isChecked && own !== null && isProven(own)) return own;
  const { source, seq } = row;
  const of = sourceOf(source);
  const beside = of !== null && typeof seq === 'number' ? { ...of, seq } : null;
  if (isChecked) return beside !== null && isProven(beside) ? beside : null;
  if (beside === null) return own;
  return isSameKey(own, beside) || isSameKey(decodedKey(body), beside) ? beside : null;
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

/** As many rows as can be read. */
export function* unlessDamaged(rows: () => Iterable<Record<string, unknown>>): Generator<Record<string, unknown>> {
  try {
    yield* rows();
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
}
