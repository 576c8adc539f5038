/** Makes a backup of a site, running or not: copied, opened again and checked, and only then given its name. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { CodedError, type SiteConfig } from '@commonworks/core';
import { readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';
import { copyDatabase, copyFile, syncPath } from './copy-files.ts';
import { assertRoom, diskFault, isDamage } from './disk-faults.ts';
import { type FileFault, inspectFiles } from './inspect-files.ts';
import { writeLastBackup } from './last-backup.ts';
import { listBackups } from './list-backups.ts';
import {
  BACKUP_FORMAT,
  BACKUP_PREFIX,
  bytesOf,
  CONTENT_FOLDER,
  MANIFEST_FILE,
  type Manifest,
  manifestText,
  UNFINISHED_PREFIX,
} from './manifest.ts';
import { type ContentFile, siteContent } from './site-content.ts';
import { lostDatabases } from './site-databases.ts';
import { type SiteTime, siteTime, stamp } from './site-time.ts';
import { openStaging, syncFolders } from './staging.ts';

const SAME_SECOND_MAX = 99;

export type MadeBackup = {
  readonly backup: string;
  readonly bytes: number;
  readonly manifest: Manifest;
  /** False: the site's folder cannot be written, so its pages and alarms do not know of this backup. */
  readonly isRemembered: boolean;
  /** The site would be lost with it. */
  readonly isSameDisk: boolean;
  /** Its medium keeps no rights: whoever holds it reads the keys. */
  readonly isOpenToOthers: boolean;
};

/** @throws CodedError `backup.*`, `site.*`; then nothing is left of what was begun. */
export async function createBackup(site: string, target: string): Promise<MadeBackup> {
  const config = readSite(site);
  assertTarget(site, target);
  const time = await siteTime(config, siteFiles(site).data);
  const lost = lostDatabases(site).map((path) => ({ path, what: 'is missing, and the site has run' }));
  if (lost.length > 0) throw siteDamaged(site, lost);
  const content = readContent(site);
  const staging = await openStaging(target, UNFINISHED_PREFIX).catch((error: unknown) => {
    throw diskFault(error, { place: target, otherwise: 'backup.unwritable' });
  });
  try {
    await assertRoom(
      target,
      content.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    const manifest = await fill(staging.path, content, {
      site,
      config,
      time,
      number: await nextNumber(target, config.community.id),
    });
    const backup = await name(staging.path, target, time.nowMs);
    const bytes = bytesOf(manifest);
    const last = { atMs: time.nowMs, where: realpathSync(backup), bytes };
    // The backup is good, whether or not the site can be told of it.
    const isRemembered = await writeLastBackup(siteFiles(site).data, last).then(
      () => true,
      () => false,
    );
    return { backup, bytes, manifest, isRemembered, ...weaknesses(backup, site) };
  } catch (error) {
    throw diskFault(error, { place: target, otherwise: 'backup.unwritable' });
  } finally {
    staging.remove();
  }
}

function assertTarget(site: string, target: string): void {
  if (!existsSync(target)) throw new CodedError('backup.target-missing', `there is no folder ${target}`);
  if (!statSync(target).isDirectory()) throw new CodedError('backup.target-missing', `${target} is no folder`);
  for (const folder of [site, siteFiles(site).data]) {
    if (existsSync(folder) && isWithin(target, folder)) {
      throw new CodedError('backup.target-inside-site', `${target} lies within ${folder}, which is to be backed up`);
    }
  }
}

/** By their real places: one may be a link. */
export function isWithin(inner: string, outer: string): boolean {
  const [a, b] = [realpathSync(inner), realpathSync(outer)];
  return a === b || a.startsWith(b.endsWith(sep) ? b : b + sep);
}

function readContent(site: string): ContentFile[] {
  try {
    return siteContent(site);
  } catch (cause) {
    throw new CodedError('backup.unreadable', `cannot read all of ${site}: ${String(cause)}`, { cause });
  }
}

async function nextNumber(target: string, community: string): Promise<number> {
  const ours = (await listBackups(target)).filter(({ manifest }) => manifest?.community.id === community);
  return 1 + Math.max(0, ...ours.map(({ manifest }) => manifest?.number ?? 0));
}

type Source = { readonly site: string; readonly config: SiteConfig; readonly time: SiteTime; readonly number: number };

async function fill(staging: string, content: readonly ContentFile[], source: Source): Promise<Manifest> {
  const root = join(staging, CONTENT_FOLDER);
  const copied: ContentFile[] = [];
  const folder = dataInode(source.site);
  const hashes = new Map<string, string>();
  for (const file of content) {
    const hash = await copyOne(file, { from: join(source.site, file.path), to: join(root, file.path) });
    if (hash !== 'gone') copied.push(file);
    if (hash !== 'gone' && hash !== null) hashes.set(file.path, hash);
  }
  if (dataInode(source.site) !== folder) {
    const message = `${source.site} was replaced while it was copied, as a restoration does: give the command again`;
    throw new CodedError('backup.unreadable', message);
  }
  const { files, faults, log, ledger } = await inspectFiles(root, copied);
  const miswritten = files.filter(({ path, sha256 }) => (hashes.get(path) ?? sha256) !== sha256);
  if (miswritten.length > 0) {
    throw new CodedError('backup.unwritable', `${miswritten[0]?.path} was not written as it was read: check the disk`);
  }
  if (faults.length > 0) throw siteDamaged(source.site, faults);
  const { id, name: title } = source.config.community;
  const manifest: Manifest = {
    ...{ format: BACKUP_FORMAT, program: programVersion(), community: { id, name: title } },
    ...{ number: source.number, createdMs: source.time.nowMs, isTimeKnown: source.time.isKnown, log, ledger, files },
  };
  const handle = await open(join(staging, MANIFEST_FILE), 'wx', 0o600);
  await handle.writeFile(manifestText(manifest));
  await handle.sync();
  await handle.close();
  await syncFolders(staging);
  return manifest;
}

/** Of the folder of databases: the copies must be of one site. */
function dataInode(site: string): number | null {
  return statSync(siteFiles(site).data, { throwIfNoEntry: false })?.ino ?? null;
}

/** The hash of what was read, null for a database; `gone` for what was removed since it was listed, as a spent link is. */
async function copyOne(file: ContentFile, { from, to }: { from: string; to: string }): Promise<string | null | 'gone'> {
  try {
    if (file.kind === 'file') return await copyFile(from, to);
    await copyDatabase(from, to);
    return null;
  } catch (error) {
    if (!existsSync(from)) return 'gone';
    if (isDamage(error)) throw siteDamaged(from, [{ path: file.path, what: String(error) }]);
    if (isUnreadable(error, from)) {
      throw new CodedError('backup.unreadable', `cannot read ${from}: ${String(error)}`, { cause: error });
    }
    throw error;
  }
}

/** The path of a failed opening tells which side it was; SQLite tells none. */
function isUnreadable(error: unknown, from: string): boolean {
  const { path, code } = error as NodeJS.ErrnoException;
  return path === from && (code === 'EACCES' || code === 'EPERM' || code === 'EIO');
}

function siteDamaged(site: string, faults: readonly FileFault[]): CodedError {
  const words = faults.map(({ path, what }) => `${path} ${what}`).join('; ');
  return new CodedError('backup.site-damaged', `${site}: ${words}`, { detail: { faults } });
}

async function name(staging: string, target: string, nowMs: number): Promise<string> {
  const first = join(target, `${BACKUP_PREFIX}${stamp(nowMs)}`);
  for (let n = 1; n <= SAME_SECOND_MAX; n++) {
    const backup = n === 1 ? first : `${first}-${n}`;
    if (existsSync(backup)) continue;
    await rename(staging, backup);
    await syncPath(target);
    return backup;
  }
  throw new CodedError(
    'backup.unwritable',
    `${first} and ${SAME_SECOND_MAX - 1} more of that second are there already`,
  );
}

function weaknesses(backup: string, site: string): Pick<MadeBackup, 'isSameDisk' | 'isOpenToOthers'> {
  const { data, config } = siteFiles(site);
  const { dev, mode } = statSync(backup);
  const isSameDisk = [data, config].some((path) => existsSync(path) && statSync(path).dev === dev);
  return { isSameDisk, isOpenToOthers: (mode & 0o077) !== 0 };
}

function programVersion(): string {
  const project: { version: string } = createRequire(import.meta.url)('../../package.json');
  return project.version;
}
