/** The outbox's database file: opening, refusing a newer one, and replacing a damaged one by what can be saved of it. */
import { closeSync, existsSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError, isCoded } from '@commonworks/core';
import { OUTBOX_SCHEMA, outboxSteps } from './migrations.ts';
import { DamagedFile, isDamageAtOpening } from './outbox-faults.ts';
import { salvage } from './salvage.ts';

export type FileOptions = { readonly file: string; readonly edge: string; readonly nowMs: number };
export type OpenedFile<T> = { readonly opened: T; readonly damagedFile: string | null };

/** No version has had so many: a number beyond it is damage. */
const VERSIONS_MAX = 1000;
/** A card that goes on failing must not be filled with what it damaged. */
const ASIDE_MAX = 3;
const SUFFIXES = ['', '-wal', '-shm'] as const;

/**
 * Opens or makes the file, and what `use` makes of it. A damaged one is set aside under another name and replaced by a
 * new one with all that can be saved.
 * @throws CodedError `edge.outbox-newer`, `edge.outbox-foreign`, `edge.outbox-write-failed`.
 */
export function openOutboxFile<T>(options: FileOptions, use: (db: DatabaseSync) => T): OpenedFile<T> {
  const { file } = options;
  finishReplacing(options);
  if (!existsSync(file)) create(file).close();
  const first = openHealthy(file, use);
  if (first.isHealthy) return { opened: first.opened, damagedFile: null };
  const damagedFile = replaceDamaged(options);
  const second = openHealthy(file, use);
  if (second.isHealthy) return { opened: second.opened, damagedFile };
  const { cause } = second;
  throw new CodedError('edge.outbox-write-failed', `${file}, just written, is damaged: ${String(cause)}`, { cause });
}

/** For a file that turned out to be damaged while it was in use, and is closed by now. */
export function reopenDamaged<T>(options: FileOptions, use: (db: DatabaseSync) => T): OpenedFile<T> {
  const damagedFile = replaceDamaged(options);
  return { opened: openOutboxFile(options, use).opened, damagedFile };
}

type Opening<T> =
  | { readonly isHealthy: true; readonly opened: T }
  | { readonly isHealthy: false; readonly cause: unknown };

function openHealthy<T>(file: string, use: (db: DatabaseSync) => T): Opening<T> {
  let db: DatabaseSync | null = null;
  try {
    checkHeader(file);
    db = connect(file);
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version < 0 || version > VERSIONS_MAX) throw new DamagedFile(`no version is ${version}`);
    if (version > OUTBOX_SCHEMA) {
      throw new CodedError('edge.outbox-newer', `${file} has schema ${version}, this version knows ${OUTBOX_SCHEMA}`);
    }
    // The whole check: a wrong entry in an index would hide a pack for ever. It takes 0.1 s for 200,000 of them.
    const check = db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
    if (check !== 'ok') throw new DamagedFile(String(check));
    // Version 0: an empty file is what a power cut during the very first start leaves.
    db.exec(outboxSteps(version));
    return { isHealthy: true, opened: use(db) };
  } catch (error) {
    db?.close();
    if (isDamageAtOpening(error)) return { isHealthy: false, cause: error };
    if (isCoded(error)) throw error;
    throw new CodedError('edge.outbox-write-failed', `cannot open ${file}: ${String(error)}`, { cause: error });
  }
}

function connect(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5000 });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  return db;
}

/**
 * What SQLite would take for another page size, a file it may not write, or texts in another encoding: of ours these
 * bytes are always the same (https://www.sqlite.org/fileformat2.html, section 1.3).
 */
function checkHeader(file: string): void {
  if (statSync(file).size === 0) return;
  const header = Buffer.alloc(100);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, header, 0, header.length, 0);
  } finally {
    closeSync(fd);
  }
  const isOurs =
    header.toString('latin1', 0, 16) === 'SQLite format 3\0' &&
    header.readUInt16BE(16) === 4096 &&
    [18, 19].every((at) => header[at] === 1 || header[at] === 2) &&
    header.subarray(20, 24).equals(Buffer.from([0, 64, 32, 32])) &&
    header.readUInt32BE(56) <= 1 &&
    [52, 64].every((at) => header.readUInt32BE(at) === 0);
  if (!isOurs) throw new DamagedFile('the header is not one of ours');
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

const freshOf = (file: string) => `${file}.salvaged`;

/** The new file is whole before the damaged one moves: a power cut leaves one or the other. */
function replaceDamaged({ file, edge, nowMs }: FileOptions): string {
  const fresh = freshOf(file);
  for (const suffix of SUFFIXES) rmSync(`${fresh}${suffix}`, { force: true });
  const db = create(fresh);
  try {
    salvage(file, db, edge);
  } finally {
    db.close();
  }
  const aside = setAside(file, nowMs);
  renameSync(fresh, file);
  forgetOldest(file);
  return aside;
}

/** A power cut between the two renamings; a log left behind would be taken for the new file's own. */
function finishReplacing({ file, nowMs }: FileOptions): void {
  const fresh = freshOf(file);
  if (!existsSync(fresh)) return;
  if (existsSync(file)) {
    for (const suffix of SUFFIXES) rmSync(`${fresh}${suffix}`, { force: true });
    return;
  }
  setAside(file, nowMs);
  renameSync(fresh, file);
}

function setAside(file: string, nowMs: number): string {
  let aside = `${file}.damaged-${nowMs}`;
  for (let i = 2; existsSync(aside); i++) aside = `${file}.damaged-${nowMs}-${i}`;
  for (const suffix of SUFFIXES) {
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${aside}${suffix}`);
  }
  return aside;
}

function forgetOldest(file: string): void {
  const begin = `${basename(file)}.damaged-`;
  const asides = readdirSync(dirname(file))
    .filter((name) => name.startsWith(begin) && !/-(wal|shm)$/.test(name))
    .map((name) => join(dirname(file), name))
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
  for (const old of asides.slice(0, -ASIDE_MAX)) {
    for (const suffix of SUFFIXES) rmSync(`${old}${suffix}`, { force: true });
  }
}
