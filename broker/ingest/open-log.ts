/** Opens telemetry.db for its writer; a damaged one is salvaged first, so that nothing is served from it. */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError, isCoded } from '@commonworks/core';
import { resultCode, storeFault } from '@commonworks/store/store-fault.ts';
import type { EdgeBudgets } from '@commonworks/telemetry/edge-budgets.ts';
import { Cursors } from '@commonworks/telemetry/log/cursors.ts';
import { LogHoles } from '@commonworks/telemetry/log/log-holes.ts';
import { LogIdentity } from '@commonworks/telemetry/log/log-identity.ts';
import { proveMarks } from '@commonworks/telemetry/log/prove-marks.ts';
import { isDamage } from '@commonworks/telemetry/log/row-check.ts';
import { faultAtOpen } from '@commonworks/telemetry/log/salvage-rows.ts';
import { lockDatabase, openLocked } from '@commonworks/telemetry/sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import { markerOf } from './damage-met.ts';
import { type CommitTables, openLogTables } from './log-tables.ts';
import { finishSalvage, type Salvaged, type SalvageOptions, salvage } from './salvage.ts';

export type OpenedLog = CommitTables & {
  readonly path: string;
  readonly identity: LogIdentity;
  readonly cursors: Cursors;
  /** What a salvage at this start found; null when the file was sound. */
  readonly salvaged: Salvaged | null;
  readonly close: () => void;
};

type LoadOptions = {
  readonly nowMs: number;
  readonly budgets?: EdgeBudgets | undefined;
};

export type OpenLogOptions = SalvageOptions & {
  readonly budgets?: EdgeBudgets | undefined;
  /** Also when nothing seems wrong with it: a look at every row. */
  readonly isSalvageWanted?: boolean;
};

/** @throws CodedError `telemetry.database-in-use`, `telemetry.schema-newer`, `telemetry.database-unusable`. */
export function openLog(path: string, options: OpenLogOptions): OpenedLog {
  const unlock = lockDatabase(path);
  try {
    finishSalvage(path);
    const isWanted = options.isSalvageWanted === true || existsSync(markerOf(path));
    const sound = isWanted && existsSync(path) ? null : openSound(path, options);
    const salvaged = sound === null ? salvaging(path, options) : null;
    const tables = sound ?? load(path, options);
    const close = () => {
      tables.db.close();
      unlock();
    };
    return { ...tables, path, salvaged, close };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Damaged files that are kept: a disk that spoils one after the other is not filled up by itself. */
const KEPT_MAX = 5;

function salvaging(path: string, options: OpenLogOptions): Salvaged {
  const kept = readdirSync(dirname(path)).filter((name) => /\.damaged-[^.]*(\.\d+Z)?$/.test(name));
  if (kept.length >= KEPT_MAX && options.isSalvageWanted !== true) {
    const message = `${path} is damaged, and ${kept.length} damaged files before it stand beside it`;
    throw new CodedError('telemetry.log-damaged-again', message);
  }
  try {
    return salvage(path, options);
  } catch (cause) {
    const message = `${path} is damaged and cannot be written anew: ${String(cause)}`;
    throw new CodedError('telemetry.database-unusable', message, { cause });
  }
}

type Tables = Omit<OpenedLog, 'path' | 'salvaged' | 'close'>;

/** Null when it is damaged. */
function openSound(path: string, options: LoadOptions): Tables | null {
  try {
    return load(path, options);
  } catch (error) {
    const isFlipped = isCoded(error, 'telemetry.schema-newer') && isOurSchema(path);
    if (isFlipped || isDamaged(error, path)) return null;
    throw error;
  }
}

/** A newer version has other tables: where they are ours to the letter, the number of the version is what was changed. */
function isOurSchema(path: string): boolean {
  const ours = new DatabaseSync(':memory:');
  const there = new DatabaseSync(path, { readOnly: true });
  try {
    for (const migration of TELEMETRY_MIGRATIONS) ours.exec(migration);
    const of = (db: DatabaseSync) =>
      JSON.stringify(db.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all());
    return of(ours) === of(there);
  } finally {
    there.close();
    ours.close();
  }
}

function load(path: string, options: LoadOptions): Tables {
  const db = openLocked(path, TELEMETRY_MIGRATIONS);
  try {
    const fault = faultAtOpen(db);
    if (fault !== null) throw new CodedError('telemetry.log-damaged', `${path}: ${fault}`);
    return tablesOf(db, options);
  } catch (error) {
    db.close();
    throw error;
  }
}

function tablesOf(db: DatabaseSync, { nowMs, budgets }: LoadOptions): Tables {
  const identity = new LogIdentity(db, nowMs);
  inTransaction(db, () => proveMarks(db, new LogHoles(db), nowMs));
  const tables = openLogTables(db, { budgets, firstCursor: () => identity.current.firstCursor });
  return { ...tables, identity, cursors: new Cursors(db) };
}

/** Damage, whoever met it first: SQLite, the codec of the readings, or what reads the rows. */
function isDamaged(error: unknown, path: string): boolean {
  if (isCoded(error, 'telemetry.log-damaged') || isCoded(error, 'telemetry.chunk-corrupt')) return true;
  const cause = isCoded(error, 'telemetry.database-unusable') ? error.cause : error;
  if (isCoded(cause)) return false;
  // What our own code cannot make sense of at this point are bytes of the file.
  const isOfBytes = resultCode(cause) === null;
  return isOfBytes || isDamage(cause) || isSchemaBroken(cause) || isFalselyReadOnly(cause, path);
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

const SQLITE_READONLY = 8;
