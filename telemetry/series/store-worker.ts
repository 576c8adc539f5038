/** The thread that owns an embedded series store standing on its own. */
import type { Span } from '@commonworks/core';
import { invariant } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import type { SeriesKey, SeriesSample } from '../port.ts';
import type { OwnedDatabase } from '../sqlite/open-database.ts';
import { openOwnedDatabase } from '../sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '../sqlite/schema.ts';
import { inTransaction } from '../sqlite/transaction.ts';
import { serveCalls } from '../worker/serve-calls.ts';
import { SeriesTables } from './series-tables.ts';

type Opened = { readonly owned: OwnedDatabase; readonly series: SeriesTables };

let opened: Opened | null = null;

const handlers = {
  open: (path: string) => {
    const owned = openOwnedDatabase(path, TELEMETRY_MIGRATIONS);
    opened = { owned, series: new SeriesTables(owned.db) };
  },
  append: (samples: readonly SeriesSample[]) => {
    const { owned, series } = store();
    try {
      const report = inTransaction(owned.db, () => series.stage(samples));
      series.committed();
      return report;
    } catch (error) {
      series.rolledBack();
      throw error;
    }
  },
  last: (edge: string | undefined) => store().series.last(edge),
  range: ({ key, span }: { key: SeriesKey; span: Span }) => store().series.range(key, span),
  close: () => store().owned.close(),
};

function store(): Opened {
  invariant(opened !== null, 'the store is open');
  return opened;
}

export type StoreWorkerApi = typeof handlers;

serveCalls(handlers, {
  isStorage: isStorageFault,
  afterwards: (method) => {
    if (method === 'append') store().series.sealDue();
  },
});
