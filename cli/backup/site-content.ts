/** What of a site's folder belongs into a backup, and in which order it is copied. */
import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LAST_BACKUP_FILE } from '@commonworks/core/backup.ts';
import { AUTH_PATH, BROKER_PATH, COMMUNITY_PATH, TELEMETRY_PATH } from './site-databases.ts';

export type ContentFile = { readonly path: string; readonly kind: 'database' | 'file'; readonly bytes: number };

export const ASIDE_PREFIX = 'data.before-restore-';
export const RESTORING_PREFIX = '.restoring-';

/**
 * No state: locks and write-ahead logs (the database's own copy holds what stands there), copies made before an upgrade
 * or a restore, what was set aside as damaged, what is being written, packages that npm fetches again.
 */
const LEFT_OUT =
  /(-wal|-shm|-journal|\.lock|\.new|\.part)$|\.before-|\.damaged-|^node_modules$|^data\.before-restore-|^\.restoring-/;
const SQLITE_HEAD = 'SQLite format 3\0';
const FOLDERS_DEEP_MAX = 12;

/**
 * While the site runs its files go on changing, so the copies are of different moments. The order makes that harmless:
 * what a file refers to is copied after it, and what is referred to is only ever added to.
 *
 * 1. Keys and settings: read by everything, refer to nothing. The first admin's link before the log-ins: spent or good,
 *    one of the two knows it.
 * 2. Agents' outboxes: what they let go of was acknowledged, so the log copied later has it. What they still hold may be
 *    in the log, too: it is known by its key and taken once.
 * 3. auth.db: its log-ins are members of the register copied later. A member without a log-in gets a new link.
 * 4. community.db: its cursor is at most the head of the log copied later, and what it lacks it derives from there.
 * 5. broker.db: who may connect, made from the register; a newer list than the register's is overtaken at the start.
 * 6. telemetry.db, the log: every cursor that anybody kept before (community, sinks in the file itself) is in it.
 */
const ORDER = [AUTH_PATH, COMMUNITY_PATH, BROKER_PATH, TELEMETRY_PATH];

/** Every file of the site in the order of copying; paths relative to the folder, with `/`. */
export function siteContent(dir: string): ContentFile[] {
  const files = [...walk(dir, { below: '', seen: new Set(), depth: 0 })];
  return files.sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
}

export function isOutbox(path: string): boolean {
  return /^edges\/[^/]+\.outbox\.db$/.test(path);
}

function rank({ path, kind }: ContentFile): number {
  if (kind === 'file') return path.startsWith('keys/') ? 0 : 1;
  return 2 + (ORDER.indexOf(path) + 1);
}

/** Links are followed: `data` may be one to another disk. */
function* walk(dir: string, at: { below: string; seen: Set<string>; depth: number }): Generator<ContentFile> {
  const real = realpathSync(dir);
  if (at.seen.has(real) || at.depth > FOLDERS_DEEP_MAX) return;
  at.seen.add(real);
  for (const name of readdirSync(dir).sort()) {
    const path = at.below === '' ? name : `${at.below}/${name}`;
    if (LEFT_OUT.test(name) || path === `data/${LAST_BACKUP_FILE}`) continue;
    const file = join(dir, name);
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats?.isDirectory()) yield* walk(file, { ...at, below: path, depth: at.depth + 1 });
    else if (stats?.isFile()) yield { path, ...kindOf(file, stats.size) };
  }
}

/** A database may be longer by what stands only in its log yet. */
function kindOf(file: string, bytes: number): Pick<ContentFile, 'kind' | 'bytes'> {
  if (!isDatabase(file)) return { kind: 'file', bytes };
  return { kind: 'database', bytes: bytes + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) };
}

/** By what stands in it, whatever its name; and by its name, whatever stands in it: that is damage then. */
function isDatabase(file: string): boolean {
  if (basename(file).endsWith('.db')) return true;
  const head = Buffer.alloc(SQLITE_HEAD.length);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
    return head.toString('latin1') === SQLITE_HEAD;
  } finally {
    closeSync(fd);
  }
}
