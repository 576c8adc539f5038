/** A write-ahead log whose database is gone: SQLite would throw it away without a word, with every pack that stood only in it. */
import { existsSync, renameSync, statSync } from 'node:fs';
import { scanPages } from '@commonworks/telemetry/log/scan-pages.ts';

export type OrphanedWal = {
  /** Where it is kept from now on. */
  readonly kept: string;
  /** Whether it holds a pack that proves itself: then a salvage takes what is in it. */
  readonly hasPacks: boolean;
};

/** Null when there is none. One that holds nothing to take is set aside here; a salvage sets the other aside. */
export function orphanedWal(path: string, nowMs: number): OrphanedWal | null {
  const wal = `${path}-wal`;
  if (existsSync(path) || (statSync(wal, { throwIfNoEntry: false })?.size ?? 0) === 0) return null;
  const kept = `${wal}.orphaned-${new Date(nowMs).toISOString().replaceAll(':', '-')}`;
  const hasPacks = scanPages(path, () => null).next().done !== true;
  if (!hasPacks) renameSync(wal, kept);
  return { kept, hasPacks };
}
