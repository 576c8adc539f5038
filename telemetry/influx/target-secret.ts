/** Where a target's token or `user:password` comes from: a file in the site's keys/, else the environment. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = /^[A-Za-z0-9._-]{1,80}$/;

/** Null when neither exists: the target is then written to without a log-in, and its 401 shows in the status. */
export async function readTargetSecret(
  name: string,
  from: { readonly keysDir: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<string | null> {
  if (!NAME.test(name) || name.startsWith('.')) return null;
  try {
    return (await readFile(join(from.keysDir, name), 'utf8')).trim();
  } catch {
    return from.env[name]?.trim() ?? null;
  }
}
