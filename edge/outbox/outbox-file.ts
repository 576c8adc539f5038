/** The outbox's database file: opening, refusing a newer one, and saving what can be read of a damaged one. */
import { existsSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@commonworks/core';
import { storeFault } from '@commonworks/store/store-fault.ts';
import { OUTBOX_SCHEMA, outboxSteps } from './migrations.ts';

export type OpenedFile = { readonly db: DatabaseSync; readonly damagedFile: string | null };

/**
 * Opens or makes the file. A damaged one is set aside under another name, its readable packs are taken over.
 * @throws CodedError `edge.outbox-newer`, `edge.outbox-write-failed`.
 */
export function openOutboxFile(file: string, nowMs: number): OpenedFile {
  const isNew = !existsSync(file);
  const db = isNew ? null : openHealthy(file);
  if (db !== null) return { db, damagedFile: null };
  const damagedFile = isNew ? null : setAside(file, nowMs);
  const fresh = create(file);
  if (damagedFile !== null) salvage(damagedFile, fresh);
  return { db: fresh, damagedFile };
}

/** Null when the file is damaged. */
function openHealthy(file: string): DatabaseSync | null {
  let db: DatabaseSync | null = null;
  try {
    db = connect(file);
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > OUTBOX_SCHEMA) {
      throw new CodedError('edge.outbox-newer', `${file} has schema ${version}, this version knows ${OUTBOX_SCHEMA}`);
    }
    const check = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    // Version 0: an empty file is what a power cut during the very first start leaves.
    if (check === 'ok') db.exec(outboxSteps(version));
    if (check === 'ok') return db;
  } catch (error) {
    if (error instanceof CodedError) {
      db?.close();
      throw error;
    }
    if (!isDamage(error)) {
      db?.close();
      throw new CodedError('edge.outbox-write-failed', `cannot open ${file}: ${String(error)}`, { cause: error });
    }
  }
  db?.close();
  return null;
}

function connect(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5000 });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  return db;
}

/** Damage in the file, or in the text of its schema: our own statements at opening are right. */
function isDamage(error: unknown): boolean {
  const fault = storeFault(error);
  return fault === 'corrupt' || fault === 'statement';
}

function create(file: string): DatabaseSync {
  try {
    const db = connect(file);
    db.exec(outboxSteps(0));
    return db;
  } catch (cause) {
    throw new CodedError('edge.outbox-write-failed', `cannot make ${file}: ${String(cause)}`, { cause });
  }
}

function setAside(file: string, nowMs: number): string {
  const aside = `${file}.damaged-${nowMs}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${aside}${suffix}`);
  }
  return aside;
}

/**
 * Row by row, until the damage stops it: what was committed before it is kept under its own keys. Ages begin anew: the
 * count of elapsed time went with the file.
 */
function salvage(damagedFile: string, db: DatabaseSync): void {
  const insert = db.prepare('INSERT OR IGNORE INTO pack (epoch, seq, body, bytes) VALUES (?, ?, ?, ?)');
  const remember = db.prepare(
    'INSERT OR IGNORE INTO command (id, body, state, boot, deadlineMs) VALUES (?, ?, ?, ?, ?)',
  );
  copyRows(damagedFile, 'SELECT epoch, seq, body, bytes FROM pack ORDER BY n', (row) => {
    insert.run(String(row['epoch']), Number(row['seq']), String(row['body']), Number(row['bytes']));
  });
  // A file of the first version has no deadlines.
  copyRows(damagedFile, 'SELECT * FROM command', (row) => {
    const { boot, deadlineMs } = row;
    const deadline = typeof deadlineMs === 'number' ? deadlineMs : null;
    remember.run(String(row['id']), String(row['body']), String(row['state']), String(boot ?? ''), deadline);
  });
}

function copyRows(damagedFile: string, query: string, copy: (row: Record<string, unknown>) => void): void {
  let source: DatabaseSync | null = null;
  try {
    source = new DatabaseSync(damagedFile, { timeout: 1000 });
    for (const row of source.prepare(query).iterate()) copy(row);
  } catch {
    // The damage: everything before it is saved.
  } finally {
    source?.close();
  }
}
