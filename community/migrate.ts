/** Brings a database file to the schema this program knows: a backup first, then all steps in one transaction. */
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@commonworks/core';
import { makeWhole } from '@commonworks/store/make-whole.ts';

/** The schema of one folder: the n-th step leads to version n. A step that was released is never edited. */
export type FolderMigrations = { readonly folder: string; readonly steps: readonly string[] };

/** @throws CodedError `community.schema-newer`: this program is older than the file. */
export function migrate(raw: DatabaseSync, file: string, folders: readonly FolderMigrations[]): void {
  raw.exec('CREATE TABLE IF NOT EXISTS schema_version (folder TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT');
  const versions = readVersions(raw);
  refuseNewer(versions, folders);
  const pending = folders.filter(({ folder, steps }) => (versions.get(folder) ?? 0) < steps.length);
  if (pending.length === 0) return;
  if (versions.size > 0 && file !== ':memory:') backUp(raw, file, versions);
  raw.exec('BEGIN IMMEDIATE');
  try {
    for (const { folder, steps } of pending) {
      for (const step of steps.slice(versions.get(folder) ?? 0)) raw.exec(step);
      raw
        .prepare(
          'INSERT INTO schema_version VALUES (?, ?) ON CONFLICT (folder) DO UPDATE SET version = excluded.version',
        )
        .run(folder, steps.length);
    }
    raw.exec('COMMIT');
  } catch (error) {
    if (raw.isTransaction) raw.exec('ROLLBACK');
    throw error;
  }
}

function readVersions(raw: DatabaseSync): Map<string, number> {
  const rows = raw.prepare('SELECT folder, version FROM schema_version').all();
  return new Map(rows.map((row) => [String(row['folder']), Number(row['version'])]));
}

function refuseNewer(versions: ReadonlyMap<string, number>, folders: readonly FolderMigrations[]): void {
  for (const [folder, version] of versions) {
    const known = folders.find((entry) => entry.folder === folder)?.steps.length ?? 0;
    if (version > known) {
      throw new CodedError(
        'community.schema-newer',
        `${folder} is at version ${version}, this program knows ${known}`,
        {
          detail: { folder, version, known },
        },
      );
    }
  }
}

/** A whole copy beside the file, named by the versions it holds; an earlier copy of the same versions is as good. */
function backUp(raw: DatabaseSync, file: string, versions: ReadonlyMap<string, number>): void {
  const label = [...versions].sort().map(([folder, version]) => `${folder}${version}`);
  const target = `${file}.before-${label.join('-')}`;
  if (existsSync(target)) return;
  makeWhole(target, (unfinished) => raw.prepare('VACUUM INTO ?').run(unfinished));
}
