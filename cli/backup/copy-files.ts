/** Copies one file of a running site, whole and synced: a database as of one moment, any other byte by byte. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { CodedError } from '@commonworks/core';
import { storeFault } from '@commonworks/store/store-fault.ts';

/**
 * More pages than a file can have: one step, which is one read transaction. SQLite begins a backup of several steps anew
 * whenever another process commits in between: with 100 pages a step and a writer at 100 commits a second, 308 MB were
 * not done after 15 s and 52,000 steps; in one step they took 0.43 s. VACUUM INTO took 0.44 s, but holds up this thread
 * (no Ctrl-C), and may number rows anew. In WAL mode readers never hold up the writer; its log grows meanwhile.
 */
const ALL_PAGES = 2 ** 31 - 1;
const BUSY_MS = 5000;

/** Read-only: a backup changes nothing of what it copies. @throws CodedError `backup.unreadable`, or what SQLite says. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const db = openSource(from);
  try {
    await (await open(to, 'wx', 0o600)).close();
    await backup(db, to, { rate: ALL_PAGES });
  } finally {
    db.close();
  }
  await syncPath(to);
}

/** Looked into at once, so that what is wrong on this side is not taken for the other's. */
function openSource(file: string): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
    db.prepare('PRAGMA schema_version').get();
    return db;
  } catch (cause) {
    db?.close();
    if (storeFault(cause) === 'corrupt') throw cause;
    throw new CodedError('backup.unreadable', `cannot read ${file}: ${String(cause)}`, { cause });
  }
}

/** The SHA-256 of what was read, hex. */
export async function copyFile(from: string, to: string): Promise<string> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  await pipeline(
    createReadStream(from),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true }),
  );
  return hash.digest('hex');
}

export async function hashFile(file: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** A file, or a folder: then its names are on disk, too. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems know no sync of a folder.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    await handle.close();
  }
}
