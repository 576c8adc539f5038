/** The thread that answers questions about the series, on a connection that cannot write. */
import type { DatabaseSync } from 'node:sqlite';
import { invariant } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import type { LastAsk, RangeAsk } from '@commonworks/telemetry/series/series-reader.ts';
import { SeriesReader } from '@commonworks/telemetry/series/series-reader.ts';
import { openForReading } from '@commonworks/telemetry/sqlite/open-database.ts';
import { serveCalls } from '@commonworks/telemetry/worker/serve-calls.ts';
import { damageOf } from './damage-met.ts';

type Opened = { readonly db: DatabaseSync; readonly reader: SeriesReader; readonly path: string };

let opened: Opened | null = null;

/** A page is text here already, so that the main thread hands on bytes; null: not caught up with the log, ask again. */
const handlers = {
  open: (telemetryFile: string) => {
    const db = openForReading(telemetryFile);
    opened = { db, reader: new SeriesReader(db), path: telemetryFile };
  },
  range: (ask: RangeAsk) => guarded(() => textOf(open().reader.range(ask))),
  last: (ask: LastAsk) => guarded(() => textOf(open().reader.last(ask))),
  close: () => open().db.close(),
};

export type QueryWorkerApi = typeof handlers;

function textOf(page: object | null): string | null {
  return page === null ? null : JSON.stringify(page);
}

/** A block that is not what was written ends the process: the next start makes the series anew from the packs. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw opened === null ? error : damageOf(opened, error);
  }
}

function open(): Opened {
  invariant(opened !== null, 'the series are open');
  return opened;
}

serveCalls(handlers, { isStorage: isStorageFault });
