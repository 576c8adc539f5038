/** The thread that reads the log for its followers, on a connection that cannot write. */
import type { DatabaseSync } from 'node:sqlite';
import { invariant } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import { Cursors } from '@commonworks/telemetry/log/cursors.ts';
import { answerFollower, type FollowerPlace } from '@commonworks/telemetry/log/judge-follower.ts';
import { readCounts } from '@commonworks/telemetry/log/read-counts.ts';
import { readDeadLetters } from '@commonworks/telemetry/log/read-log.ts';
import { openForReading } from '@commonworks/telemetry/sqlite/open-database.ts';
import { serveCalls } from '@commonworks/telemetry/worker/serve-calls.ts';
import { damageOf } from './damage-met.ts';

type Page = { readonly after: number; readonly limit: number };
/** `head`: the newest cursor that was acknowledged. */
export type FollowerAsk = FollowerPlace & Page & { readonly head: number };

let opened: { db: DatabaseSync; path: string } | null = null;

/** Letters that were asked for and are damaged: `commonworks log verify` reads all. */
const damagedLetters = new Set<number>();
const DAMAGED_MAX = 10_000;

function noteDamaged(id: number): void {
  if (damagedLetters.size < DAMAGED_MAX) damagedLetters.add(id);
}

const handlers = {
  open: (telemetryFile: string) => {
    opened = { db: openForReading(telemetryFile), path: telemetryFile };
  },
  log: (ask: FollowerAsk) => guarded(() => answerFollower(db(), ask)),
  deadLetters: (page: Page) => guarded(() => readDeadLetters(db(), page, noteDamaged)),
  counts: () => guarded(() => ({ ...readCounts(db()), deadLettersDamaged: damagedLetters.size })),
  sink: (name: string) => guarded(() => new Cursors(db()).load(name)),
  close: () => db().close(),
};

export type ReadWorkerApi = typeof handlers;

function db(): DatabaseSync {
  invariant(opened !== null, 'the log is open');
  return opened.db;
}

/** Damage that cannot be read past ends the process: the next start salvages the file. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw opened === null ? error : damageOf(opened, error);
  }
}

serveCalls(handlers, { isStorage: isStorageFault });
