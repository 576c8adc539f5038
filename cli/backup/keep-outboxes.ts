/** Agents that run in a site's folder keep their outbox of now when the site is put back: it holds what the backup cannot. */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { copyDatabase } from './copy-files.ts';
import { frozen } from './inspect-files.ts';
import type { Manifest } from './manifest.ts';
import { isOutbox } from './site-content.ts';
import { remove } from './staging.ts';

/**
 * An agent elsewhere is not put back either: its outbox goes on, and sends again what the restored log lacks. One that is
 * damaged or not there is taken from the backup. Returns the paths of those kept.
 */
export async function keepOutboxes(manifest: Manifest, { from, to }: { from: string; to: string }): Promise<string[]> {
  const kept: string[] = [];
  for (const { path } of manifest.files) {
    if (!isOutbox(path) || !existsSync(join(from, path))) continue;
    const copy = join(to, `${path}.new`);
    if (await isCopied(join(from, path), copy)) {
      renameSync(copy, join(to, path));
      kept.push(path);
    } else remove(copy);
  }
  return kept;
}

async function isCopied(from: string, to: string): Promise<boolean> {
  try {
    await copyDatabase(from, to);
    const db = new DatabaseSync(frozen(to), { readOnly: true });
    try {
      return db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'] === 'ok';
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
}
