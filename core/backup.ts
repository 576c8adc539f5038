/** What a site remembers of its newest backup: written by `commonworks backup create`, shown to staff, missed by an alarm. */
import { type Static, Type } from 'typebox';

/** In the site's folder for data. */
export const LAST_BACKUP_FILE = 'last-backup.json';

/** `atMs`: by the hub's clock; `where`: the backup's folder; `bytes`: all of its files. */
export const LastBackup = Type.Object({
  atMs: Type.Integer({ minimum: 0 }),
  where: Type.String({ minLength: 1, maxLength: 4096 }),
  bytes: Type.Integer({ minimum: 0 }),
});
export type LastBackup = Static<typeof LastBackup>;

const DAY_MS = 86_400_000;
/** Older than this the newest backup is an alarm. */
export const BACKUP_AGE_MAX_MS = 7 * DAY_MS;
/** Whoever sets up a site makes its first backup within this. */
export const FIRST_BACKUP_MS = DAY_MS;
