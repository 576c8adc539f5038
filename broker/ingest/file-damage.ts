/** Whether a database that cannot be opened or read is damaged, or only not to be had: a full disk and a missing right are no damage. */
import { accessSync, constants } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isCoded } from '@commonworks/core';
import { resultCode, storeFault } from '@commonworks/store/store-fault.ts';
import { isDamage } from '@commonworks/telemetry/log/row-check.ts';
import type { Migration } from '@commonworks/telemetry/sqlite/open-database.ts';

const SQLITE_READONLY = 8;

/** Damage, whoever met it first: SQLite, the codec of the readings, or what reads the rows. */
export function isDamagedFile(error: unknown, path: string): boolean {
  if (isCoded(error, 'telemetry.log-damaged') || isCoded(error, 'telemetry.chunk-corrupt')) return true;
  const cause = isCoded(error, 'telemetry.database-unusable') ? error.cause : error;
  if (isCoded(cause)) return false;
  // What our own code cannot make sense of at this point are bytes of the file.
  const isOfBytes = resultCode(cause) === null;
  return isOfBytes || isDamage(cause) || isSchemaBroken(cause) || isFalselyReadOnly(cause, path);
}

/** A newer version has other tables: where there are none but ours, to the letter, the number of the version is what was changed. */
export function isOurSchema(path: string, migrations: readonly Migration[]): boolean {
  const ours = new DatabaseSync(':memory:');
  const there = new DatabaseSync(path, { readOnly: true });
  try {
    for (const migration of migrations) ours.exec(migration);
    const of = (db: DatabaseSync) =>
      JSON.stringify(db.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all());
    return of(ours) === of(there);
  } finally {
    there.close();
    ours.close();
  }
}

/** The statements are ours and right: a table or column that is not there, or there twice, says that the schema is damaged. */
function isSchemaBroken(error: unknown): boolean {
  return storeFault(error) === 'statement' || storeFault(error) === 'constraint';
}

/** The head of a file may say that newer programs alone may write it. */
function isFalselyReadOnly(error: unknown, path: string): boolean {
  if (((resultCode(error) ?? 0) & 0xff) !== SQLITE_READONLY) return false;
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
