/** What a fault of the outbox's database means: the disk refuses, or the file is no longer what was written. */
import type { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@commonworks/core';
import { isStorageFault, resultCode, storeFault } from '@commonworks/store/store-fault.ts';

/** Something only damage explains, found by us and not by SQLite. */
export class DamagedFile extends Error {}

/**
 * SQLITE_IOERR_READ, _SHORT_READ, _DATA, _CORRUPTFS: the card gives a page no more. SQLITE_CONSTRAINT_UNIQUE: a number
 * that was not given yet is taken, so the count or the row is wrong.
 */
const DAMAGE_CODES: readonly number[] = [266, 522, 8202, 8458, 2067];
const FULL = 13;

export function isDamage(error: unknown): boolean {
  if (error instanceof DamagedFile || storeFault(error) === 'corrupt') return true;
  // An integer no row of ours can hold.
  if ((error as { code?: unknown } | null)?.code === 'ERR_OUT_OF_RANGE') return true;
  return DAMAGE_CODES.includes(resultCode(error) ?? 0);
}

/** While a file is opened our own statements are right, so one that SQLite does not take meets a damaged schema. */
export function isDamageAtOpening(error: unknown): boolean {
  const fault = storeFault(error);
  return isDamage(error) || fault === 'statement' || fault === 'constraint';
}

export function isDiskFull(error: unknown): boolean {
  const code = resultCode((error as { cause?: unknown } | null)?.cause);
  return code !== null && (code & 0xff) === FULL;
}

/**
 * Nothing of a failed transaction is kept; `undo` does the same for what is remembered beside the file.
 * @throws CodedError `edge.outbox-write-failed`: a full disk, mostly.
 */
export function inTransaction<T>(db: DatabaseSync, work: () => T, undo = () => {}): T {
  try {
    db.exec('BEGIN IMMEDIATE');
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (cause) {
    undo();
    if (db.isTransaction) db.exec('ROLLBACK');
    if (!isStorageFault(cause) || isDamage(cause)) throw cause;
    throw new CodedError('edge.outbox-write-failed', `the outbox was not written: ${String(cause)}`, { cause });
  }
}
