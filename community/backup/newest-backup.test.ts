/** What staff are told of the newest backup, and what an unreadable note of it is worth. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAST_BACKUP_FILE } from '@commonworks/core/backup.ts';
import { expect, it, onTestFinished } from 'vitest';
import { backupState, seeBackup } from './newest-backup.ts';

const NOW = 1_790_000_000_000;
const DAY = 86_400_000;
const COMMUNITY = '01900000-0000-7000-8000-000000000001';

function site(note?: string) {
  const dataDir = mkdtempSync(join(tmpdir(), 'newest-backup-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  if (note !== undefined) writeFileSync(join(dataDir, LAST_BACKUP_FILE), note);
  return { dataDir, isDemo: false, community: COMMUNITY };
}

it('names the folder of backups, not the way to it', async () => {
  const where = '/mnt/disk/sonnenhof/backup-2026-11-25T03-00-00Z';
  const noted = site(JSON.stringify({ atMs: NOW - 3 * DAY, where, bytes: 120_000_000 }));
  expect(await backupState(noted, NOW)).toEqual({
    ...{ nowMs: NOW, isNeeded: true, isDue: false },
    newest: { atMs: NOW - 3 * DAY, folder: 'sonnenhof', bytes: 120_000_000 },
  });
  expect(await backupState(noted, NOW + 5 * DAY)).toMatchObject({ isDue: true });
});

it.each([[undefined], ['{"atMs": 1'], ['{"atMs": -1, "where": "", "bytes": 0}']])(
  'takes %j for no backup at all',
  async (note) => {
    expect(await backupState(site(note), NOW)).toEqual({ nowMs: NOW, isNeeded: true, isDue: true, newest: null });
  },
);

it('asks for none in a demo', async () => {
  const demo = { ...site(), isDemo: true };
  expect(await seeBackup(demo)).toBeNull();
  expect(await backupState(demo, NOW)).toMatchObject({ isNeeded: false, isDue: false });
});
