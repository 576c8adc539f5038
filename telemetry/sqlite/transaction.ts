/** One transaction: all of it or nothing, and the error that undid it. */
import type { DatabaseSync } from 'node:sqlite';

export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk may have rolled back by itself already.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
