/** Whether the site has a backup young enough: whoever forgets it is told before the disk dies. */
import { BACKUP_AGE_MAX_MS, FIRST_BACKUP_MS } from '@commonworks/core/backup.ts';
import type { Condition } from './alarms.ts';

/** `siteSinceMs`: when the site was made, as its id tells; null when the id does not tell. */
export type BackupSeen = { readonly newestMs: number | null; readonly siteSinceMs: number | null };

const DAY_MS = 86_400_000;

export function isBackupDue(seen: BackupSeen, nowMs: number): boolean {
  return nowMs >= dueMs(seen);
}

/** `seen` null: a demo needs none. */
export function backupConditions(seen: BackupSeen | null, nowMs: number): Condition[] {
  if (seen === null || !isBackupDue(seen, nowMs)) return [];
  const { newestMs, siteSinceMs } = seen;
  const loss = 'If its disk dies, members, shares and readings are gone.';
  const message =
    newestMs === null
      ? `There is no backup of this site. ${loss}`
      : `The newest backup is ${Math.floor((nowMs - newestMs) / DAY_MS)} days old. If the disk of the site dies, all that came since is gone.`;
  const known = newestMs === null && siteSinceMs === null ? {} : { sinceMs: dueMs(seen) };
  return [{ code: 'live.backup-old', subject: 'backup', severity: 'warning', message, ...known }];
}

function dueMs({ newestMs, siteSinceMs }: BackupSeen): number {
  return newestMs === null ? (siteSinceMs ?? 0) + FIRST_BACKUP_MS : newestMs + BACKUP_AGE_MAX_MS;
}
