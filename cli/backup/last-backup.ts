/** Tells the site of its newest good backup: written whole, and readable by the user who runs the site. */
import { existsSync } from 'node:fs';
import { chown, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LAST_BACKUP_FILE, type LastBackup } from '@commonworks/core/backup.ts';

/** A site that has never run and has no folder for data is told nothing. */
export async function writeLastBackup(data: string, last: LastBackup): Promise<void> {
  if (!existsSync(data)) return;
  const file = join(data, LAST_BACKUP_FILE);
  const beside = `${file}.new`;
  await rm(beside, { force: true });
  const handle = await open(beside, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(last)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await ownAs(beside, data);
  await rename(beside, file);
}

/** Root writes for others: what it makes belongs to whom the folder belongs to. */
export async function ownAs(file: string, folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  await chown(file, uid, gid);
}
