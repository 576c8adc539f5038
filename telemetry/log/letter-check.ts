/** What proves that a dead letter is as it was written: SHA-256 over all of it, its first eight bytes kept beside it. */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { DeadLetter } from '@commonworks/core';
import { isDamage, unlessDamaged } from './row-check.ts';
import { bodyOf } from './stored-body.ts';

/** Chance takes a changed letter for a sound one once in 2^64. */
const CHECK_BYTES = 8;

export type CheckedLetter = Omit<DeadLetter, 'id' | 'text'>;

export function letterCheck(letter: CheckedLetter, body: Uint8Array): Buffer {
  const { kind, receivedMs, edge, code, reason, epoch, seq } = letter;
  // Half of a pair of UTF-16 comes back from SQLite as another sign.
  const text = JSON.stringify([kind, receivedMs, edge, code, reason, epoch, seq].map(wellFormed));
  return createHash('sha256').update(text).update(sha256(body)).digest().subarray(0, CHECK_BYTES);
}

/**
 * The letter of a row of `dead_letter` and its bytes; null when it is damaged. Of those of before there was a check a pack
 * is proven by its hash, and a record by nothing.
 */
export function provenLetter(
  row: Readonly<Record<string, unknown>>,
): { letter: CheckedLetter; body: Uint8Array } | null {
  const { kind, edge, code, reason, epoch, hash, row_check: check = null } = row;
  const [receivedMs, seq] = [whole(row['received_ms']), row['seq'] === null ? null : whole(row['seq'])];
  const body = unpacked(row);
  if (body === null || receivedMs === undefined || seq === undefined || !isKind(kind)) return null;
  const letter = { kind, receivedMs, seq, edge: String(edge), code: String(code), reason: String(reason) };
  const told = { ...letter, epoch: epoch === null ? null : String(epoch) };
  const isOwn = kind !== 'pack' || !(hash instanceof Uint8Array) || sha256(body).equals(hash);
  const isAsWritten = check === null || (check instanceof Uint8Array && letterCheck(told, body).equals(check));
  return isOwn && isAsWritten ? { letter: told, body } : null;
}

/** Reads all of them. */
export function countDamagedLetters(db: DatabaseSync): number {
  const select = db.prepare('SELECT * FROM dead_letter');
  select.setReadBigInts(true);
  let damaged = 0;
  for (const row of unlessDamaged(() => select.iterate())) if (provenLetter(row) === null) damaged += 1;
  return damaged;
}

function isKind(kind: unknown): kind is DeadLetter['kind'] {
  return kind === 'pack' || kind === 'record' || kind === 'conflict';
}

/** Undefined for what is no number that we wrote. */
function whole(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

function unpacked(row: Readonly<Record<string, unknown>>): Uint8Array | null {
  if (!(row['body'] instanceof Uint8Array)) return null;
  try {
    return bodyOf({ ...row, compression: Number(row['compression']) });
  } catch (error) {
    if (isDamage(error) || String((error as { code?: unknown }).code).startsWith('Z')) return null;
    throw error;
  }
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function wellFormed(value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}
