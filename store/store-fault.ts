/** What is to blame when a database refuses: judged here for everyone, by SQLite's primary result code (https://www.sqlite.org/rescode.html). */

/**
 * - `disk`: the machine gives out: a full, failing or read-only disk, a file that cannot be opened, no memory.
 * - `busy`: somebody else holds the file now.
 * - `corrupt`: what stands in the file is no database, or a damaged one.
 * - `constraint`: the schema refuses what was to be written.
 * - `statement`: our own SQL, or a value in it, is wrong. It would fail on every disk of the world.
 */
export type StoreFault = 'disk' | 'busy' | 'corrupt' | 'constraint' | 'statement';

const FAULT_OF_PRIMARY_CODE: Readonly<Record<number, StoreFault>> = {
  1: 'statement', // ERROR
  2: 'statement', // INTERNAL
  3: 'disk', // PERM
  4: 'statement', // ABORT
  5: 'busy', // BUSY
  6: 'busy', // LOCKED
  7: 'disk', // NOMEM
  8: 'disk', // READONLY
  9: 'busy', // INTERRUPT
  10: 'disk', // IOERR
  11: 'corrupt', // CORRUPT
  12: 'statement', // NOTFOUND
  13: 'disk', // FULL
  14: 'disk', // CANTOPEN
  15: 'busy', // PROTOCOL: too many tries for a lock of the write-ahead log
  17: 'busy', // SCHEMA: another connection keeps changing it
  18: 'statement', // TOOBIG
  19: 'constraint', // CONSTRAINT
  20: 'statement', // MISMATCH
  21: 'statement', // MISUSE
  22: 'disk', // NOLFS: the file system cannot hold a file so large
  23: 'statement', // AUTH
  24: 'corrupt', // FORMAT
  25: 'statement', // RANGE
  26: 'corrupt', // NOTADB
};

/** Null for an error that is not SQLite's. */
export function storeFault(error: unknown): StoreFault | null {
  const code = resultCode(error);
  return code === null ? null : (FAULT_OF_PRIMARY_CODE[code & 0xff] ?? null);
}

/** True when neither the request nor our code is to blame: nothing was changed, and the same may well succeed later. */
export function isStorageFault(error: unknown): boolean {
  const fault = storeFault(error);
  return fault === 'disk' || fault === 'busy' || fault === 'corrupt';
}

/** SQLite's extended result code; null for an error that is not SQLite's. */
export function resultCode(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode : null;
}

/** How a log names it: `statement fault, SQLite code 1`; null for an error that is not SQLite's. */
export function faultWords(error: unknown): string | null {
  const code = resultCode(error);
  return code === null ? null : `${storeFault(error) ?? 'unknown'} fault, SQLite code ${code}`;
}
