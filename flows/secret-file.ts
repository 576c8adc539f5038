/** Secrets made at the first start and kept beside the site's other keys, readable by their owner alone. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

/** The text of the file; makes it with 24 random bytes, base64url, when there is none. */
export async function readOrMakeSecret(path: string): Promise<{ secret: string; isNew: boolean }> {
  const made = randomBytes(24).toString('base64url');
  try {
    await writeFile(path, `${made}\n`, { mode: 0o600, flag: 'wx' });
    return { secret: made, isNew: true };
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    return { secret: (await readFile(path, 'utf8')).trim(), isNew: false };
  }
}

/** Takes the same time whatever differs. */
export function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
