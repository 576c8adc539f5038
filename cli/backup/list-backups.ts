/** The backups in a folder, newest first, and the removal of those beyond what is to be kept. */
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError, isCoded } from '@commonworks/core';
import { isForbidden, namesIn } from './disk-faults.ts';
import { BACKUP_PREFIX, bytesOf, type Manifest, readManifest, UNFINISHED_PREFIX } from './manifest.ts';
import { remove } from './staging.ts';
import { glance, readCheck } from './verify-backup.ts';

/** `manifest` null: its list cannot be read. `fault`: what a glance or the last verification found. */
export type ListedBackup = {
  readonly name: string;
  readonly manifest: Manifest | null;
  readonly bytes: number | null;
  readonly fault: string | null;
  /** When it was verified since it was made. */
  readonly checkedMs: number | null;
};

/** @throws CodedError `backup.not-found` for a folder that is not there. */
export async function listBackups(dir: string): Promise<ListedBackup[]> {
  if (!existsSync(dir)) throw new CodedError('backup.not-found', `there is no folder ${dir}`);
  const names = namesIn(dir).filter((name) => name.startsWith(BACKUP_PREFIX));
  const all = await Promise.all(names.map((name) => look(dir, name)));
  // A name tells the time, too: for one whose list is lost.
  const age = ({ manifest, name }: ListedBackup) => manifest?.createdMs ?? timeOf(name);
  return all.sort((a, b) => age(b) - age(a) || (a.name < b.name ? 1 : -1));
}

/** Folders that a run left which was cut short: no backups. */
export function unfinished(dir: string): string[] {
  return namesIn(dir).filter((name) => name.startsWith(UNFINISHED_PREFIX));
}

/**
 * Of one community's good backups in `dir` the newest `keep` stay, `made` among them. Others' and damaged ones are neither
 * counted nor touched. Which are the newest their numbers say, whatever the clock said. Returns the names of the removed.
 */
export async function keepNewest(dir: string, made: { name: string; community: string }, keep: number) {
  const ours = (await listBackups(dir)).filter(
    ({ name, manifest, fault }) => name !== made.name && fault === null && manifest?.community.id === made.community,
  );
  ours.sort((a, b) => (b.manifest?.number ?? 0) - (a.manifest?.number ?? 0));
  const removed = ours.slice(keep - 1).map(({ name }) => name);
  for (const name of removed) {
    // Half removed it must not look like one.
    const dying = join(dir, `${UNFINISHED_PREFIX}removed-${name}`);
    await rename(join(dir, name), dying);
    remove(dying);
  }
  return removed;
}

async function look(dir: string, name: string): Promise<ListedBackup> {
  const backup = join(dir, name);
  try {
    const manifest = readManifest(backup);
    const checked = await readCheck(backup);
    const seen = glance(backup, manifest)[0];
    const failed = checked?.isGood === false ? 'its last verification failed' : null;
    const fault = seen === undefined ? failed : `${seen.path} ${seen.what}`;
    return { name, manifest, bytes: bytesOf(manifest), fault, checkedMs: checked?.atMs ?? null };
  } catch (error) {
    // One that this user may not read is no reason to be silent of the others.
    if (!isCoded(error) && !isForbidden(error)) throw error;
    return { name, manifest: null, bytes: null, fault: (error as Error).message, checkedMs: null };
  }
}

function timeOf(name: string): number {
  const [, day, time] = /^backup-(\d{4}-\d\d-\d\d)T(\d\d-\d\d-\d\d)Z/.exec(name) ?? [];
  return day === undefined ? 0 : Date.parse(`${day}T${time?.replaceAll('-', ':')}Z`) || 0;
}
