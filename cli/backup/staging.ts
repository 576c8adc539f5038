/** A folder that becomes its final name whole, or is removed: also when the program is told to stop, or its last life was cut short. */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { syncPath } from './copy-files.ts';

export type Staging = { readonly path: string; readonly remove: () => void };

/** Removes what earlier runs on this machine left there, then makes the folder, for the owner's eyes alone. */
export async function openStaging(parent: string, prefix: string): Promise<Staging> {
  const ours = `${prefix}${createHash('sha256').update(hostname()).digest('hex').slice(0, 8)}-`;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(ours) && !isAlive(Number(name.slice(ours.length)))) remove(join(parent, name));
  }
  const path = join(parent, `${ours}${process.pid}`);
  await mkdir(path, { mode: 0o700 });
  const stop = (signal: NodeJS.Signals) => {
    remove(path);
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return {
    path,
    remove: () => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      remove(path);
    },
  };
}

/** Every folder below and the folder itself: with their files synced, the whole is on disk. */
export async function syncFolders(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(join(dir, entry.name));
  }
  await syncPath(dir);
}

/** Another thread may just be writing in it. */
export function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** This process makes one at a time: what bears its number is of an earlier process. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
