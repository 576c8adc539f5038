/** The newest backup of the fixture community, three days old. */
import type { BackupState } from '@commonworks/core/api/index.ts';

const DAY_MS = 86_400_000;

export function fixtureBackup(nowMs: number): BackupState {
  const newest = { atMs: nowMs - 3 * DAY_MS, folder: 'sonnenhof', bytes: 120_000_000 };
  return { nowMs, isNeeded: true, isDue: false, newest };
}
