/** What a store takes on disk. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of all files below a folder. */
export function sizeOf(dir: string): number {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => statSync(join(dir, name)))
    .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
}
