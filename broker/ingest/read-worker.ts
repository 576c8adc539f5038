/** The thread that reads the log for its followers, on a connection that cannot write. */
import type { DatabaseSync } from 'node:sqlite';
import { invariant } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import { Cursors } from '@commonworks/telemetry/log/cursors.ts';
import { readCounts } from '@commonworks/telemetry/log/read-counts.ts';
import { readDeadLetters, readLog } from '@commonworks/telemetry/log/read-log.ts';
import { openForReading } from '@commonworks/telemetry/sqlite/open-database.ts';
import { serveCalls } from '@commonworks/telemetry/worker/serve-calls.ts';

type Page = { readonly after: number; readonly limit: number };

let opened: DatabaseSync | null = null;

const handlers = {
  open: (telemetryFile: string) => {
    opened = openForReading(telemetryFile);
  },
  log: ({ after, limit }: Page) => readLog(db(), after, limit),
  deadLetters: ({ after, limit }: Page) => readDeadLetters(db(), after, limit),
  counts: () => readCounts(db()),
  sink: (name: string) => new Cursors(db()).load(name),
  close: () => db().close(),
};

export type ReadWorkerApi = typeof handlers;

function db(): DatabaseSync {
  invariant(opened !== null, 'the log is open');
  return opened;
}

serveCalls(handlers, { isStorage: isStorageFault });
