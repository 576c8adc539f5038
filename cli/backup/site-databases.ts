/** Which databases a site has once it has run: a copy without one of them is no copy of the site. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const TELEMETRY_PATH = 'data/telemetry.db';
export const COMMUNITY_PATH = 'data/community.db';
export const BROKER_PATH = 'data/broker.db';
export const AUTH_PATH = 'data/auth.db';

const SITE_DATABASES = [AUTH_PATH, COMMUNITY_PATH, BROKER_PATH, TELEMETRY_PATH];

export function isSiteDatabase(path: string): boolean {
  return SITE_DATABASES.includes(path);
}

/** A site that never ran has none of them. */
export function missingDatabases(paths: readonly string[]): string[] {
  const there = new Set(paths);
  const missing = SITE_DATABASES.filter((path) => !there.has(path));
  return missing.length === SITE_DATABASES.length ? [] : missing;
}

/** Of a site's folder: what stands beside a database that is gone tells that it was there. */
export function lostDatabases(dir: string): string[] {
  const hasRun = SITE_DATABASES.some((path) =>
    ['', '-wal', '.lock'].some((suffix) => existsSync(join(dir, `${path}${suffix}`))),
  );
  return hasRun ? SITE_DATABASES.filter((path) => !existsSync(join(dir, path))) : [];
}
