/** Opens the community's database file: durable settings first, then migrations. */
import { DatabaseSync } from 'node:sqlite';
import { CodedError, isCoded } from '@commonworks/core';
import { Kysely } from 'kysely';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import type { CommunityDatabase } from './schema.ts';
import { nodeSqliteDialect } from './sqlite-dialect.ts';

/** The database or a transaction on it: functions take this and do not care which. */
export type Db = Kysely<CommunityDatabase>;

/** How long a write waits for the other connection of this process, milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * `file` is a path, or `:memory:`. Inside `db.transaction().execute(async (tx) => ...)` use `tx` only: there is one connection.
 * @throws CodedError `community.schema-newer` for a file of a newer version, `community.database-unusable` else.
 */
export async function openDatabase(file: string): Promise<Db> {
  const raw = openFile(file);
  try {
    migrate(raw, file, MIGRATIONS);
  } catch (cause) {
    raw.close();
    if (isCoded(cause)) throw cause;
    throw new CodedError('community.database-unusable', `cannot migrate ${file}: ${String(cause)}`, { cause });
  }
  return new Kysely<CommunityDatabase>({ dialect: nodeSqliteDialect(raw) });
}

/**
 * Read-only, no migration: for `verify --site` beside a running server, and for a copy that nobody changes (a URL).
 * @throws CodedError as openDatabase.
 */
export function openReadOnly(file: string | URL): Db {
  try {
    const raw = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    return new Kysely<CommunityDatabase>({ dialect: nodeSqliteDialect(raw) });
  } catch (cause) {
    throw new CodedError('community.database-unusable', `cannot open ${file}: ${String(cause)}`, { cause });
  }
}

function openFile(file: string): DatabaseSync {
  try {
    const raw = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    // FULL: what is committed survives a power cut; WAL: readers never wait for the writer.
    raw.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA recursive_triggers = ON');
    return raw;
  } catch (cause) {
    throw new CodedError('community.database-unusable', `cannot open ${file}: ${String(cause)}`, { cause });
  }
}
