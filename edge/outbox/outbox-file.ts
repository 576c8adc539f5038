/** The outbox's database file: opening, refusing a newer one, and saving what can be read of a damaged one. */
import { existsSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@commonworks/core';

export const OUTBOX_SCHEMA = 1;

const TABLES = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE epoch (epoch TEXT PRIMARY KEY, nextSeq INTEGER NOT NULL, mark INTEGER NOT NULL) STRICT;
CREATE TABLE pack (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  createdMs INTEGER NOT NULL,
  UNIQUE (epoch, seq)
) STRICT;
CREATE TRIGGER packIsImmutable BEFORE UPDATE ON pack BEGIN SELECT RAISE(ABORT, 'a pack never changes'); END;
CREATE TABLE command (
  id TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  receivedMs INTEGER NOT NULL
) STRICT;
`;

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
    // An empty file is what a power cut during the very first start leaves.
    if (version === 0) db.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${OUTBOX_SCHEMA}; COMMIT`);
    const check = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
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

/** SQLITE_CORRUPT, SQLITE_NOTADB, and SQLITE_ERROR of a schema that cannot be parsed. */
function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  return code !== undefined && [1, 11, 26].includes(code & 0xff);
}

function create(file: string): DatabaseSync {
  try {
    const db = connect(file);
    db.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${OUTBOX_SCHEMA}; COMMIT`);
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

/** Row by row, until the damage stops it: what was committed before it is kept under its own keys. */
function salvage(damagedFile: string, db: DatabaseSync): void {
  const insert = db.prepare('INSERT OR IGNORE INTO pack (epoch, seq, body, bytes, createdMs) VALUES (?, ?, ?, ?, ?)');
  const remember = db.prepare('INSERT OR IGNORE INTO command (id, body, state, receivedMs) VALUES (?, ?, ?, ?)');
  copyRows(damagedFile, 'SELECT epoch, seq, body, bytes, createdMs FROM pack ORDER BY n', (row) => {
    insert.run(
      String(row['epoch']),
      Number(row['seq']),
      String(row['body']),
      Number(row['bytes']),
      Number(row['createdMs']),
    );
  });
  copyRows(damagedFile, 'SELECT id, body, state, receivedMs FROM command', (row) => {
    remember.run(String(row['id']), String(row['body']), String(row['state']), Number(row['receivedMs']));
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
