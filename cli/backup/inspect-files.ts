/** Opens what was written: size and hash of every file, each database whole, every pack and every ledger entry as signed for. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { openReadOnly } from '@commonworks/community/database.ts';
import { checkChain } from '@commonworks/community/ledger/check-chain.ts';
import { checkPacks } from '@commonworks/telemetry/log/check-packs.ts';
import { currentGeneration } from '@commonworks/telemetry/log/log-identity.ts';
import { hashFile } from './copy-files.ts';
import type { BackupFile, Manifest } from './manifest.ts';
import { COMMUNITY_PATH, isSiteDatabase, missingDatabases, TELEMETRY_PATH } from './site-databases.ts';

export type FileFault = { readonly path: string; readonly what: string };

export type Inspected = Pick<Manifest, 'log' | 'ledger' | 'files'> & { readonly faults: readonly FileFault[] };

type Found = { log: Manifest['log']; ledger: Manifest['ledger']; faults: FileFault[] };

/** Never throws for damage: it is among the faults, and the file is listed as it is. */
export async function inspectFiles(
  root: string,
  wanted: readonly Pick<BackupFile, 'path' | 'kind'>[],
): Promise<Inspected> {
  const found: Found = { log: null, ledger: null, faults: [] };
  const files: BackupFile[] = [];
  for (const { path, kind } of wanted) {
    const file = join(root, path);
    if (!existsSync(file)) {
      found.faults.push({ path, what: 'is missing' });
      continue;
    }
    try {
      // Also what an earlier version took for any other file, because it was no database any more.
      const isDatabase = kind === 'database' || path.endsWith('.db');
      const schema = isDatabase ? await inspectDatabase(file, path, found) : undefined;
      files.push({ path, kind, ...(await hashFile(file)), ...(schema === undefined ? {} : { schema }) });
    } catch (error) {
      found.faults.push({ path, what: `cannot be read: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  for (const path of missingDatabases(wanted.map((file) => file.path))) {
    found.faults.push({ path, what: 'is not in it, and the site has run' });
  }
  return { ...found, files };
}

/** As a file that nobody changes: so nothing is written beside it, and a medium may be read-only. */
export function frozen(file: string): URL {
  const url = pathToFileURL(file);
  url.searchParams.set('immutable', '1');
  return url;
}

async function inspectDatabase(file: string, path: string, found: Found): Promise<Record<string, number>> {
  const db = new DatabaseSync(frozen(file), { readOnly: true });
  try {
    const check = String(db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check']);
    if (check !== 'ok') found.faults.push({ path, what: `is damaged: ${check.replaceAll('\n', ' ')}` });
    else if (isSiteDatabase(path) && !hasTables(db)) found.faults.push({ path, what: 'is empty: it has no tables' });
    else if (path === TELEMETRY_PATH && hasTable(db, 'pack')) await inspectLog(db, found);
    else if (path === COMMUNITY_PATH && hasTable(db, 'ledger_entry')) await inspectLedger(file, found);
    return check === 'ok' ? schemaOf(db) : {};
  } finally {
    db.close();
  }
}

async function inspectLog(db: DatabaseSync, found: Found): Promise<void> {
  const { packs, head, damaged, firstDamaged } = await checkPacks(db);
  const named = hasTable(db, 'log_identity') ? db.prepare('SELECT log FROM log_identity').get() : undefined;
  const generation = named === undefined ? null : currentGeneration(db).generation;
  found.log = { id: named === undefined ? null : String(named['log']), generation, head };
  if (damaged === 0) return;
  const what = `${damaged} of ${packs} packs are not what was acknowledged; the first is at cursor ${firstDamaged}`;
  found.faults.push({ path: TELEMETRY_PATH, what });
}

async function inspectLedger(file: string, found: Found): Promise<void> {
  await using db = openReadOnly(frozen(file));
  const { head, fault } = await checkChain(db);
  found.ledger = head;
  if (fault !== null) found.faults.push({ path: COMMUNITY_PATH, what: `its ledger is broken: ${fault}` });
}

/** The community's file counts its folders one by one, the others as a whole. */
function schemaOf(db: DatabaseSync): Record<string, number> {
  if (!hasTable(db, 'schema_version')) {
    return { file: Number(db.prepare('PRAGMA user_version').get()?.['user_version']) };
  }
  const rows = db.prepare('SELECT folder, version FROM schema_version ORDER BY folder').all();
  return Object.fromEntries(rows.map((row) => [String(row['folder']), Number(row['version'])]));
}

function hasTables(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' LIMIT 1").get() !== undefined;
}

function hasTable(db: DatabaseSync, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;
}
