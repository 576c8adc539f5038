/** The newest backup the site was told of, and whether the next one is due. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { uuidTimeMs } from '@commonworks/core';
import type { BackupState } from '@commonworks/core/api/index.ts';
import { LAST_BACKUP_FILE, LastBackup } from '@commonworks/core/backup.ts';
import { Value } from 'typebox/value';
import { type BackupSeen, isBackupDue } from '../live/backup-conditions.ts';

export type BackedUpSite = { readonly dataDir: string; readonly isDemo: boolean; readonly community: string };

/** Null when there never was one; a file that is not whole tells of none either. */
export async function readLastBackup(dataDir: string): Promise<LastBackup | null> {
  try {
    const kept: unknown = JSON.parse(await readFile(join(dataDir, LAST_BACKUP_FILE), 'utf8'));
    return Value.Check(LastBackup, kept) ? kept : null;
  } catch {
    return null;
  }
}

/** For alarms; null in a demo, which is made anew with one command. */
export async function seeBackup({ dataDir, isDemo, community }: BackedUpSite): Promise<BackupSeen | null> {
  if (isDemo) return null;
  const last = await readLastBackup(dataDir);
  return { newestMs: last?.atMs ?? null, siteSinceMs: uuidTimeMs(community) };
}

export async function backupState(site: BackedUpSite, nowMs: number): Promise<BackupState> {
  const last = await readLastBackup(site.dataDir);
  const seen = await seeBackup(site);
  return {
    nowMs,
    isNeeded: seen !== null,
    isDue: seen !== null && isBackupDue(seen, nowMs),
    newest: last === null ? null : { atMs: last.atMs, folder: basename(dirname(last.where)), bytes: last.bytes },
  };
}
