/** Puts a backup back as a site: checked first, built beside, then moved in; what was there before is kept aside. */
import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodedError, isCoded } from '@commonworks/core';
import type { Generation } from '@commonworks/telemetry/log/log-identity.ts';
import { lockDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { holdSite } from '../site/hold-site.ts';
import { readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';
import { copyFile, syncPath } from './copy-files.ts';
import { isWithin } from './create-backup.ts';
import { assertRoom, diskFault } from './disk-faults.ts';
import { keepOutboxes } from './keep-outboxes.ts';
import { refuseNewerSchemas } from './known-schemas.ts';
import { ownAs, writeLastBackup } from './last-backup.ts';
import { bytesOf, CONTENT_FOLDER, type Manifest, readManifest } from './manifest.ts';
import { logReach, raiseRestored } from './raise-log.ts';
import { ASIDE_PREFIX, RESTORING_PREFIX } from './site-content.ts';
import { TELEMETRY_PATH } from './site-databases.ts';
import { siteTime, stamp } from './site-time.ts';
import { openStaging, syncFolders } from './staging.ts';
import { verifyBackup } from './verify-backup.ts';

export type Restored = {
  readonly manifest: Manifest;
  readonly into: string;
  /** The new generation of the log; null when the site had none. */
  readonly generation: Generation | null;
  /** Where the old data are now; null for a new folder. */
  readonly aside: string | null;
  /** Agents of this machine whose outbox of now was kept. */
  readonly keptOutboxes: readonly string[];
};

const SETTINGS = 'site.yaml';

/** @throws CodedError `backup.*`; then the folder is as it was, but for a power cut while it is moved in (see `moveIn`). */
export async function restoreBackup(backup: string, into: string, options: { over: boolean }): Promise<Restored> {
  const manifest = readManifest(backup);
  refuseNewerSchemas(manifest);
  const isNew = !existsSync(into);
  if (isNew) await makeFolder(backup, into);
  else assertInto(backup, into, { ...options, manifest });
  try {
    const unlock = await holdStopped(into);
    try {
      return await restoreHeld(backup, into, manifest);
    } finally {
      unlock();
    }
  } catch (error) {
    if (isNew) await rm(into, { recursive: true, force: true });
    throw diskFault(error, { place: into, otherwise: 'backup.unwritable' });
  }
}

/** Only the last part of the path: what lies before it may be a disk that is not mounted. */
async function makeFolder(backup: string, into: string): Promise<void> {
  const parent = dirname(into);
  if (!existsSync(parent)) throw new CodedError('backup.target-missing', `there is no folder ${parent}`);
  if (isWithin(parent, backup)) {
    throw new CodedError('backup.target-inside-site', `${into} lies within the backup ${backup}`);
  }
  await mkdir(into, { mode: 0o700 }).catch((error: unknown) => {
    throw diskFault(error, { place: parent, otherwise: 'backup.unwritable' });
  });
}

/** @throws CodedError `backup.into-not-empty`, `backup.other-site`, `backup.target-inside-site`. */
function assertInto(backup: string, into: string, { over, manifest }: { over: boolean; manifest: Manifest }): void {
  if (!statSync(into).isDirectory()) throw new CodedError('backup.into-not-empty', `${into} is no folder`);
  const names = readdirSync(into);
  if (isWithin(backup, into)) {
    throw new CodedError('backup.target-inside-site', `the backup ${backup} lies within ${into}`);
  }
  if (names.length === 0) return;
  if (!over) throw new CodedError('backup.into-not-empty', `${into} is not empty`);
  const hasSite = existsSync(siteFiles(into).config);
  if (!hasSite && !names.some((name) => name.startsWith(RESTORING_PREFIX) || name.startsWith(ASIDE_PREFIX))) {
    throw new CodedError('backup.into-not-empty', `${into} holds other things than a site`);
  }
  const there = hasSite ? communityOf(into) : null;
  if (there === null || there.id === manifest.community.id) return;
  const message = `${into} is the site of "${there.name}", the backup is of "${manifest.community.name}" (another community)`;
  throw new CodedError('backup.other-site', message);
}

/** Null when its settings cannot be read any more: they are kept aside with the rest. */
function communityOf(dir: string): { id: string; name: string } | null {
  try {
    return readSite(dir).community;
  } catch {
    return null;
  }
}

/** Nobody runs it, by `run` or as single processes. @throws CodedError `backup.site-running`. */
async function holdStopped(into: string): Promise<() => void> {
  const { data } = siteFiles(into);
  const locks: (() => void)[] = [];
  try {
    locks.push(await holdSite(into));
    for (const name of ['telemetry.db', 'broker.db']) {
      if (existsSync(join(data, name))) locks.push(lockUnlessBroken(join(data, name)));
    }
    return () => locks.forEach((unlock) => void unlock());
  } catch (error) {
    locks.forEach((unlock) => void unlock());
    if (!isCoded(error, 'site.already-running') && !isCoded(error, 'telemetry.database-in-use')) throw error;
    throw new CodedError('backup.site-running', `the site in ${into} is running`, { cause: error });
  }
}

/** A lock that is broken, as on a failing disk, is nobody's: no broker starts with it. */
function lockUnlessBroken(file: string): () => void {
  try {
    return lockDatabase(file);
  } catch (error) {
    if (isCoded(error, 'telemetry.database-unusable')) return () => undefined;
    throw error;
  }
}

async function restoreHeld(backup: string, into: string, manifest: Manifest): Promise<Restored> {
  const staging = await openStaging(into, RESTORING_PREFIX);
  try {
    await assertRoom(into, bytesOf(manifest));
    const { damages } = await verifyBackup(backup, Date.now());
    if (damages.length > 0) {
      const words = damages.map(({ path, what }) => `${path} ${what}`).join('; ');
      throw new CodedError('backup.damaged', `${backup}: ${words}`, { detail: { damages } });
    }
    await copyOut(backup, staging.path, manifest);
    const data = join(staging.path, 'data');
    const { nowMs } = await siteTime(readSite(staging.path), data);
    const keptOutboxes = await keepOutboxes(manifest, { from: into, to: staging.path });
    const generation = raise(into, staging.path, { manifest, nowMs });
    await writeLastBackup(data, { atMs: manifest.createdMs, where: backup, bytes: bytesOf(manifest) });
    await own(staging.path, into);
    await syncFolders(staging.path);
    const aside = await moveIn(staging.path, into, nowMs);
    return { manifest, into, generation, aside, keptOutboxes };
  } finally {
    staging.remove();
  }
}

async function copyOut(backup: string, to: string, { files }: Manifest): Promise<void> {
  for (const { path, sha256 } of files) {
    const hash = await copyFile(join(backup, CONTENT_FOLDER, path), join(to, path));
    if (hash !== sha256) throw new CodedError('backup.damaged', `${path} of ${backup} changed while it was read`);
  }
  for (const folder of ['data', 'edges', 'keys']) await mkdir(join(to, folder), { recursive: true, mode: 0o700 });
}

function raise(into: string, staged: string, { manifest, nowMs }: { manifest: Manifest; nowMs: number }) {
  const file = join(staged, TELEMETRY_PATH);
  if (!existsSync(file)) return null;
  const asides = readdirSync(into).filter((name) => name.startsWith(ASIDE_PREFIX));
  const logs = [file, join(into, TELEMETRY_PATH), ...asides.map((name) => join(into, name, TELEMETRY_PATH))];
  const reaches = logs.map(logReach).filter((reach) => reach !== null);
  return raiseRestored(file, { reaches, createdMs: manifest.createdMs, nowMs });
}

/** Root restores for whom the folder belongs to. */
async function own(dir: string, into: string): Promise<void> {
  await ownAs(dir, into);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) await own(path, into);
    else await ownAs(path, into);
  }
}

/**
 * Names are moved, nothing is copied; what fails is moved back. site.yaml leaves first and comes last: a power cut in between
 * leaves a folder that is no site yet, never half of two; `--over` again then goes on, with all that was there kept aside.
 */
async function moveIn(staged: string, into: string, nowMs: number): Promise<string | null> {
  const isOurs = (name: string) => name.startsWith(ASIDE_PREFIX) || name.startsWith(RESTORING_PREFIX);
  const old = readdirSync(into).filter((name) => !isOurs(name));
  const aside = old.length === 0 ? null : await newAside(into, nowMs);
  const moved: { from: string; to: string }[] = [];
  const move = async (name: string, folders: { from: string; to: string }) => {
    const step = { from: join(folders.from, name), to: join(folders.to, name) };
    if (name === SETTINGS) await syncPath(into);
    renameSync(step.from, step.to);
    moved.push(step);
    if (name === SETTINGS) await syncPath(into);
  };
  try {
    if (aside !== null) for (const name of settingsFirst(old)) await move(name, { from: into, to: aside });
    for (const name of settingsFirst(readdirSync(staged)).reverse()) await move(name, { from: staged, to: into });
  } catch (error) {
    for (const { from, to } of moved.reverse()) renameSync(to, from);
    if (aside !== null) await rm(aside, { recursive: true, force: true });
    throw error;
  }
  await syncPath(into);
  return aside;
}

function settingsFirst(names: readonly string[]): string[] {
  return [...names].sort((a, b) => Number(b === SETTINGS) - Number(a === SETTINGS));
}

async function newAside(into: string, nowMs: number): Promise<string> {
  const first = join(into, `${ASIDE_PREFIX}${stamp(nowMs)}`);
  let aside = first;
  for (let n = 2; existsSync(aside); n++) aside = `${first}-${n}`;
  await mkdir(aside, { mode: 0o700 });
  await ownAs(aside, into);
  await chmod(aside, 0o700);
  return aside;
}
