/** The site's newest backup, as staff see it. */
import { type Static, Type } from 'typebox';
import { Nullable } from '../schema.ts';

/** GET /backup. `nowMs` by the hub's clock. A demo needs no backup; `isDue` where one is needed and is missing or old. */
export const BackupState = Type.Object({
  nowMs: Type.Number(),
  isNeeded: Type.Boolean(),
  isDue: Type.Boolean(),
  /** Null: there never was one. `folder` is the name of the folder of backups, without the way to it. */
  newest: Nullable(Type.Object({ atMs: Type.Number(), folder: Type.String(), bytes: Type.Number() })),
});
export type BackupState = Static<typeof BackupState>;
