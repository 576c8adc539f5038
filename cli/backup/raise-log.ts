/** Begins a new generation of a restored log, so that agents send again what they hold and followers look where they stand. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Generation, newestGeneration, raiseGeneration } from '@commonworks/telemetry/log/log-identity.ts';
import { openOwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';

/** How far a log had come: what it gave out must not be given out again for something else. */
export type LogReach = { readonly cursor: number; readonly generation: number };

const MINUTE_MS = 60_000;

/** Null for a file that is not there or cannot be read any more: the stride of a new generation covers what it gave out last. */
export function logReach(file: string): LogReach | null {
  if (!existsSync(file)) return null;
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { readOnly: true });
    const head = Number(db.prepare('SELECT max(cursor) AS head FROM pack').get()?.['head'] ?? 0);
    const isNamed = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'log_generation'").get() !== undefined;
    const known = isNamed ? newestGeneration(db) : null;
    if (known === null) return { cursor: head, generation: 0 };
    return { cursor: Math.max(head, known.firstCursor - 1), generation: known.generation };
  } catch {
    return null;
  } finally {
    db?.close();
  }
}

/**
 * An older schema is migrated on the way. The same backup may be restored twice, and both lives of the log must differ even
 * where nothing is left of the first: so the generation counts on by the minutes since the backup was made.
 */
export function raiseRestored(
  file: string,
  { reaches, createdMs, nowMs }: { reaches: readonly LogReach[]; createdMs: number; nowMs: number },
): Generation {
  const { db, close } = openOwnedDatabase(file, TELEMETRY_MIGRATIONS);
  try {
    return inTransaction(db, () => {
      const own = Number(db.prepare('SELECT max(generation) AS newest FROM log_generation').get()?.['newest'] ?? 1);
      const minutes = Math.max(0, Math.floor((nowMs - createdMs) / MINUTE_MS));
      return raiseGeneration(db, {
        ...{ cause: 'restored', nowMs },
        seenCursor: Math.max(0, ...reaches.map(({ cursor }) => cursor)),
        aboveGeneration: Math.max(own + minutes, ...reaches.map(({ generation }) => generation)),
      });
    });
  } finally {
    close();
    tidyUp(file);
  }
}

/** The lock's file, and the copy made before a migration: that is the backup itself. */
function tidyUp(file: string): void {
  for (const name of readdirSync(dirname(file))) {
    if (name === `${basename(file)}.lock` || name.startsWith(`${basename(file)}.before-upgrade-`)) {
      rmSync(join(dirname(file), name));
    }
  }
}
