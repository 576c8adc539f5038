/** Opens broker.db for its one owner; a damaged one is set aside and begun anew with every row that is what it can be. */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError, isCoded } from '@commonworks/core';
import { lockDatabase, type OwnedDatabase, openLocked } from '@commonworks/telemetry/sqlite/open-database.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import { BROKER_MIGRATIONS, BrokerTables } from '../broker-tables.ts';
import { isDamagedFile, isOurSchema } from './file-damage.ts';
import { type Saved, type SavedFound, savedRows } from './saved-rows.ts';

/** What was found damaged at this start. */
export type StateDamaged = {
  /** Where the damaged file is kept. */
  readonly kept: string;
  readonly reason: string;
  /** False: nobody but the community can log in until it has sent who may. */
  readonly hasAccess: boolean;
  readonly statuses: number;
  readonly devices: number;
};

export type BrokerFile = OwnedDatabase & {
  readonly tables: BrokerTables;
  readonly saved: Saved;
  /** Null when the file was sound. */
  readonly damaged: StateDamaged | null;
};

/** Damaged files that are kept: the newest. What stood in them comes again from others. */
const KEPT_MAX = 3;
/** Whole and on disk under this name; before that it is a `.part`. */
const buildOf = (path: string): string => `${path}.new`;

/** @throws CodedError `telemetry.database-in-use`, `telemetry.schema-newer`, `telemetry.database-unusable`. */
export function openBrokerFile(path: string, nowMs: number): BrokerFile {
  const unlock = lockDatabase(path);
  try {
    finish(path, `${path}.damaged-before`);
    const sound = openSound(path);
    if (!('reason' in sound)) return { ...sound, damaged: null, close: () => closeBoth(sound.db, unlock) };
    const damaged = beginAnew(path, sound.reason, nowMs);
    const anew = openSound(path);
    if ('reason' in anew) throw new CodedError('telemetry.database-unusable', `${path} was begun anew: ${anew.reason}`);
    return { ...anew, damaged, close: () => closeBoth(anew.db, unlock) };
  } catch (error) {
    unlock();
    throw error;
  }
}

type Sound = Pick<BrokerFile, 'db' | 'tables' | 'saved'>;

/** Or why it is damaged. */
function openSound(path: string): Sound | { readonly reason: string } {
  let db: DatabaseSync | null = null;
  try {
    db = openLocked(path, BROKER_MIGRATIONS);
    const check = String(db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check']);
    const { faults, ...saved } = savedRows(db);
    const reason = check === 'ok' ? faults[0] : check;
    if (reason === undefined) return { db, tables: new BrokerTables(db), saved };
    db.close();
    return { reason };
  } catch (error) {
    if (db?.isOpen) db.close();
    if (isCoded(error, 'telemetry.schema-newer')) return judgeNewer(path, error);
    if (!isDamagedFile(error, path)) throw error;
    return { reason: String(isCoded(error) ? (error.cause ?? error) : error) };
  }
}

function judgeNewer(path: string, error: CodedError): { readonly reason: string } {
  try {
    if (isOurSchema(path, BROKER_MIGRATIONS)) return { reason: error.message };
  } catch (cause) {
    if (!isDamagedFile(cause, path)) throw cause;
    return { reason: String(cause) };
  }
  const start = `${basename(path)}.before-upgrade-`;
  const copies = readdirSync(dirname(path)).filter((name) => name.startsWith(start));
  const hint =
    copies.length === 0 ? 'no copy of before an upgrade stands beside it' : `beside it: ${copies.join(', ')}`;
  throw new CodedError('telemetry.schema-newer', `${error.message}; ${hint}`, { cause: error });
}

/** The caller holds the lock. The damaged file stands where it stood until the new one is whole and on disk. */
function beginAnew(path: string, reason: string, nowMs: number): StateDamaged {
  const found = readDamaged(path);
  const part = `${buildOf(path)}.part`;
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${part}${suffix}`, { force: true });
  const db = new DatabaseSync(part);
  try {
    db.exec('PRAGMA journal_mode = MEMORY');
    for (const migration of BROKER_MIGRATIONS) db.exec(migration);
    db.exec(`PRAGMA user_version = ${BROKER_MIGRATIONS.length}`);
    copyRows(db, found);
  } finally {
    db.close();
  }
  renameSync(part, buildOf(path));
  flush(dirname(path));
  const kept = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(':', '-')}`;
  renameSync(path, kept);
  finish(path, kept);
  dropOldest(path);
  const { access, statuses, devices } = found;
  return { kept, reason, hasAccess: access !== null, statuses: statuses.length, devices: devices.length };
}

/** Nothing of a file that is no database. */
function readDamaged(path: string): Saved {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    return savedRows(db);
  } catch (error) {
    if (!isDamagedFile(error, path)) throw error;
    return { access: null, statuses: [], devices: [], witness: null, trail: [] } satisfies Omit<SavedFound, 'faults'>;
  } finally {
    db?.close();
  }
}

function copyRows(db: DatabaseSync, { access, statuses, devices, witness, trail }: Saved): void {
  const tables = new BrokerTables(db);
  if (access !== null) tables.saveAccess(access);
  if (witness !== null) tables.saveWitness(witness, null);
  tables.putTrail(trail);
  const insert = db.prepare('INSERT OR REPLACE INTO edge_devices VALUES (?, ?, ?)');
  tables.saveLatest({ statuses, devices: [] });
  inTransaction(db, () => {
    for (const { edge, page, payload } of devices) insert.run(edge, page, payload);
  });
}

/** Also after a crash between the two renames. A log of transactions of the damaged file must never meet the new one. */
function finish(path: string, kept: string): void {
  const build = buildOf(path);
  if (existsSync(path)) rmSync(build, { force: true });
  if (!existsSync(build)) return;
  const wal = `${path}-wal`;
  if ((statSync(wal, { throwIfNoEntry: false })?.size ?? 0) > 0) renameSync(wal, `${kept}-wal`);
  rmSync(wal, { force: true });
  rmSync(`${path}-shm`, { force: true });
  renameSync(build, path);
  flush(dirname(path));
}

function dropOldest(path: string): void {
  const start = `${basename(path)}.damaged-`;
  const kept = readdirSync(dirname(path)).filter((name) => name.startsWith(start) && !/-(wal|shm)$/.test(name));
  for (const name of kept.sort().slice(0, -KEPT_MAX)) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(dirname(path), `${name}${suffix}`), { force: true });
  }
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}

function closeBoth(db: DatabaseSync, unlock: () => void): void {
  db.close();
  unlock();
}
