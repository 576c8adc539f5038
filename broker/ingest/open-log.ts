/** Opens telemetry.db for its writer; a damaged one is salvaged first, so that nothing is served from it. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { CodedError, isCoded } from '@commonworks/core';
import type { EdgeBudgets } from '@commonworks/telemetry/edge-budgets.ts';
import { Cursors } from '@commonworks/telemetry/log/cursors.ts';
import { LogHoles } from '@commonworks/telemetry/log/log-holes.ts';
import { LogIdentity } from '@commonworks/telemetry/log/log-identity.ts';
import { proveMarks } from '@commonworks/telemetry/log/prove-marks.ts';
import { faultAtOpen } from '@commonworks/telemetry/log/salvage-rows.ts';
import { lockDatabase, openLocked } from '@commonworks/telemetry/sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import { markerOf } from './damage-met.ts';
import { isDamagedFile, isOurSchema } from './file-damage.ts';
import { type CommitTables, openLogTables } from './log-tables.ts';
import { orphanedWal } from './orphaned-wal.ts';
import { finishSalvage, type Salvaged, type SalvageOptions, salvage } from './salvage.ts';

export type OpenedLog = CommitTables & {
  readonly path: string;
  readonly identity: LogIdentity;
  readonly cursors: Cursors;
  /** What a salvage at this start found; null when the file was sound. */
  readonly salvaged: Salvaged | null;
  /** Where a write-ahead log is kept that stood here without its database; null when none did. */
  readonly orphanedWal: string | null;
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
    const orphaned = orphanedWal(path, options.nowMs);
    const isForSalvage = orphaned === null ? isWanted && existsSync(path) : orphaned.hasPacks;
    const sound = isForSalvage ? null : openSound(path, options);
    const salvaged = sound === null ? salvaging(path, { ...options, keptWal: orphaned?.kept }) : null;
    const tables = sound ?? load(path, options);
    const close = () => {
      tables.db.close();
      unlock();
    };
    return { ...tables, path, salvaged, orphanedWal: orphaned?.kept ?? null, close };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Damaged files that are kept: a disk that spoils one after the other is not filled up by itself. */
const KEPT_MAX = 5;

function salvaging(path: string, options: OpenLogOptions): Salvaged {
  const isOurs = (name: string) => name.startsWith(`${basename(path)}.`);
  const kept = readdirSync(dirname(path)).filter((name) => isOurs(name) && /\.damaged-[^.]*(\.\d+Z)?$/.test(name));
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

type Tables = Omit<OpenedLog, 'path' | 'salvaged' | 'orphanedWal' | 'close'>;

/** Null when it is damaged. */
function openSound(path: string, options: LoadOptions): Tables | null {
  try {
    return load(path, options);
  } catch (error) {
    const isFlipped = isCoded(error, 'telemetry.schema-newer') && isOurSchema(path, TELEMETRY_MIGRATIONS);
    if (isFlipped || isDamagedFile(error, path)) return null;
    throw error;
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
