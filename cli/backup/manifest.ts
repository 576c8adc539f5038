/** backup.json: what a backup holds, by name, size and hash; sealed, so that a change of the list itself is seen. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@commonworks/core';
import { canonicalJson } from '@commonworks/core/canonical-json.ts';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { isForbidden, namesIn } from './disk-faults.ts';

export const MANIFEST_FILE = 'backup.json';
/** Below it stands the site's folder as it was. */
export const CONTENT_FOLDER = 'site';
export const BACKUP_FORMAT = 1;
/** A backup's folder is named so, and by its time. */
export const BACKUP_PREFIX = 'backup-';
/** One that is being made, or removed. */
export const UNFINISHED_PREFIX = '.unfinished-';

const Whole = Type.Integer({ minimum: 0 });
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** `schema`: of a database, its versions by name; `file` for SQLite's own user_version. */
export const BackupFile = Type.Object({
  path: Type.String({ pattern: '^[^/\\\\]+(/[^/\\\\]+)*$' }),
  kind: Type.Enum(['database', 'file']),
  bytes: Whole,
  sha256: Hash,
  schema: Type.Optional(Type.Record(Type.String(), Whole)),
});
export type BackupFile = Static<typeof BackupFile>;

const Manifest = Type.Object({
  format: Type.Integer({ minimum: 1 }),
  program: Type.String(),
  community: Type.Object({ id: Type.String(), name: Type.String() }),
  /** Of this site in that folder, counted on: so that a wrong clock makes no newest one the oldest. */
  number: Type.Integer({ minimum: 1 }),
  /** By the hub's clock, which was known or not. */
  createdMs: Whole,
  isTimeKnown: Type.Boolean(),
  /** Null: the site has never run. `id` and `generation` are null for a log without a name yet. */
  log: Type.Union([
    Type.Null(),
    Type.Object({
      id: Type.Union([Type.String(), Type.Null()]),
      generation: Type.Union([Whole, Type.Null()]),
      head: Whole,
    }),
  ]),
  ledger: Type.Union([Type.Null(), Type.Object({ position: Whole, hash: Hash })]),
  files: Type.Array(BackupFile, { minItems: 1 }),
});
export type Manifest = Static<typeof Manifest>;

export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify({ ...manifest, seal: sealOf(manifest) }, null, 2)}\n`;
}

export function bytesOf({ files }: Manifest): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** @throws CodedError `backup.not-found`, `backup.damaged`, `backup.format-newer`. */
export function readManifest(backup: string): Manifest {
  const file = join(backup, MANIFEST_FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (isForbidden(cause)) throw new CodedError('backup.unreadable', `${file}: ${String(cause)}`, { cause });
    const [newest] = backupsIn(backup);
    const hint = newest === undefined ? '' : `; it holds some: name one of them, such as ${join(backup, newest)}`;
    throw new CodedError('backup.not-found', `${backup} is no backup: there is no readable ${file}${hint}`, { cause });
  }
  const value = parse(text);
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : null;
  if (typeof format === 'number' && format > BACKUP_FORMAT) {
    const message = `${backup} has format ${format}; this program reads up to ${BACKUP_FORMAT}`;
    throw new CodedError('backup.format-newer', message);
  }
  if (!Value.Check(Manifest, value) || sealOf(value) !== (value as { seal?: unknown }).seal || !isSafe(value)) {
    throw new CodedError('backup.damaged', `${file} is damaged: nothing tells any more what this backup should hold`);
  }
  return value;
}

/** Newest first, by their names. */
function backupsIn(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  const names = namesIn(folder).filter((name) => name.startsWith(BACKUP_PREFIX));
  return names.sort().reverse();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sealOf(manifest: Manifest): string {
  const { seal: _, ...sealed } = manifest as Manifest & { seal?: unknown };
  return createHash('sha256')
    .update(canonicalJson(JSON.parse(JSON.stringify(sealed))))
    .digest('hex');
}

/** No name leads out of the folder. */
function isSafe({ files }: Manifest): boolean {
  return files.every(({ path }) => path.split('/').every((part) => part !== '.' && part !== '..'));
}
