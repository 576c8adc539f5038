/** Checks a backup from the ground up, and says what each damaged file means for a site restored from it. */
import { existsSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { inspectFiles } from './inspect-files.ts';
import { CONTENT_FOLDER, type Manifest, readManifest } from './manifest.ts';
import { isOutbox } from './site-content.ts';
import { AUTH_PATH, BROKER_PATH, COMMUNITY_PATH, missingDatabases, TELEMETRY_PATH } from './site-databases.ts';

export type Damage = { readonly path: string; readonly what: string; readonly meaning: string };
export type BackupVerdict = { readonly manifest: Manifest; readonly damages: readonly Damage[] };

/** Beside backup.json, which never changes. */
const CHECKED_FILE = 'checked.json';
const Checked = Type.Object({ atMs: Type.Integer(), isGood: Type.Boolean() });
type Checked = Type.Static<typeof Checked>;

/** @throws CodedError as readManifest. */
export async function verifyBackup(backup: string, nowMs: number): Promise<BackupVerdict> {
  const manifest = readManifest(backup);
  const { files, faults, log, ledger } = await inspectFiles(join(backup, CONTENT_FOLDER), manifest.files);
  const found = new Map(files.map((file) => [file.path, file]));
  const damages = faults.map(({ path, what }) => damage(path, what));
  for (const { path, bytes, sha256 } of manifest.files) {
    const file = found.get(path);
    if (file === undefined || damages.some((one) => one.path === path)) continue;
    if (file.bytes !== bytes) damages.push(damage(path, `has ${file.bytes} bytes, not ${bytes}`));
    else if (file.sha256 !== sha256) damages.push(damage(path, 'is not what was written (its SHA-256 is another)'));
  }
  if (damages.length === 0 && log?.head !== manifest.log?.head) {
    damages.push(damage(TELEMETRY_PATH, `ends at cursor ${log?.head}, not ${manifest.log?.head}`));
  }
  if (damages.length === 0 && ledger?.hash !== manifest.ledger?.hash) {
    damages.push(damage(COMMUNITY_PATH, "its ledger does not end with the backup's head"));
  }
  await rememberCheck(backup, { atMs: nowMs, isGood: damages.length === 0 });
  return { manifest, damages };
}

/** What a glance tells, without reading the files: each is there and as long as it was. */
export function glance(backup: string, { files }: Manifest): Damage[] {
  const left = missingDatabases(files.map(({ path }) => path)).map((path) => damage(path, 'is not in it'));
  const seen = files.flatMap(({ path, bytes }) => {
    const file = join(backup, CONTENT_FOLDER, path);
    if (!existsSync(file)) return [damage(path, 'is missing')];
    const { size } = statSync(file);
    return size === bytes ? [] : [damage(path, `has ${size} bytes, not ${bytes}`)];
  });
  return [...left, ...seen];
}

/** When it was last verified since it was made; null when never, or when its medium took no note of it. */
export async function readCheck(backup: string): Promise<Checked | null> {
  try {
    const kept: unknown = JSON.parse(await readFile(join(backup, CHECKED_FILE), 'utf8'));
    return Value.Check(Checked, kept) ? kept : null;
  } catch {
    return null;
  }
}

async function rememberCheck(backup: string, checked: Checked): Promise<void> {
  // On a read-only medium nothing is noted; the verdict is the same.
  await writeFile(join(backup, CHECKED_FILE), `${JSON.stringify(checked)}\n`, { mode: 0o600 }).catch(() => undefined);
}

function damage(path: string, what: string): Damage {
  return { path, what, meaning: meaningOf(path) };
}

function meaningOf(path: string): string {
  switch (path) {
    case TELEMETRY_PATH:
      return 'all that the meters sent: what is not settled yet is derived from it';
    case COMMUNITY_PATH:
      return 'the register, shares, bookings and the ledger: the site cannot do without it';
    case AUTH_PATH:
      return 'log-ins: every member would need a new link';
    case BROKER_PATH:
      return 'who may connect and the last word of each agent: it comes anew when the site runs';
    case 'site.yaml':
      return 'the settings of the site';
    default:
  }
  if (path.startsWith('keys/')) return 'a key: what it signed or opened needs a new one';
  if (isOutbox(path)) return 'what this agent had not sent yet';
  if (path.startsWith('edges/')) return 'the settings of an agent on this machine';
  return 'a file of the site';
}
