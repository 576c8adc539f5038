/** Builds the web app when it was not built yet, or its source has changed since: pages of an older version would hide what is new. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError } from '@commonworks/core';

const DASHBOARD = fileURLToPath(new URL('../../dashboard/', import.meta.url));
/** What it is built from; a release has only what was built. */
const SOURCES = ['dashboard/src', 'core'].map((path) => fileURLToPath(new URL(`../../${path}/`, import.meta.url)));

/** @throws CodedError `site.dashboard-missing` when it is not built and the build tool is not installed. */
export async function ensureDashboard(): Promise<void> {
  const page = `${DASHBOARD}dist/index.html`;
  const isBuilt = existsSync(page);
  if (isBuilt && statSync(page).mtimeMs >= newestOf(SOURCES)) return;
  try {
    const { build } = await import('vite');
    await build({ root: DASHBOARD, logLevel: 'warn' });
  } catch (cause) {
    if (!isBuilt) throw new CodedError('site.dashboard-missing', 'the web app is not built', { cause });
    // Older pages are better than none.
    process.stderr.write(`The pages are older than the program, and could not be built: ${String(cause)}\n`);
  }
}

function newestOf(folders: readonly string[]): number {
  let newestMs = 0;
  for (const folder of folders.filter((one) => existsSync(one))) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && !entry.name.endsWith('.test.ts')) {
        newestMs = Math.max(newestMs, statSync(join(entry.parentPath, entry.name)).mtimeMs);
      }
    }
  }
  return newestMs;
}
