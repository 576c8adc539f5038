/** The one thread that writes: it owns telemetry.db and broker.db, and is asked nothing that another can answer. */
import type { HubMoment } from '@commonworks/core';
import { invariant } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import type { EdgeBudgets } from '@commonworks/telemetry/edge-budgets.ts';
import { Cursors } from '@commonworks/telemetry/log/cursors.ts';
import type { OwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { openOwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import { serveCalls } from '@commonworks/telemetry/worker/serve-calls.ts';
import type { SavedAccess } from '../broker-tables.ts';
import { BROKER_MIGRATIONS, BrokerTables } from '../broker-tables.ts';
import type { LatestBatch } from '../latest-messages.ts';
import { commitPacks, judgeSomeAgain } from './commit-packs.ts';
import type { CommitTables } from './log-tables.ts';
import { committed, openLogTables, rolledBack } from './log-tables.ts';
import type { PackedBatch } from './packed-batch.ts';
import { unpackBatch } from './packed-batch.ts';

type Opened = CommitTables & {
  readonly files: readonly OwnedDatabase[];
  readonly cursors: Cursors;
  readonly broker: BrokerTables;
};

/** `budgets`: other bounds of an edge than the usual. */
export type StoreFiles = {
  readonly telemetryFile: string;
  readonly brokerFile: string;
  readonly budgets?: EdgeBudgets | undefined;
};

let opened: Opened | null = null;

const handlers = {
  open: ({ telemetryFile, brokerFile, budgets }: StoreFiles) => {
    const telemetry = openOwnedDatabase(telemetryFile, TELEMETRY_MIGRATIONS);
    const broker = openOwnedDatabase(brokerFile, BROKER_MIGRATIONS);
    const { db } = telemetry;
    opened = {
      ...openLogTables(db, budgets),
      files: [telemetry, broker],
      cursors: new Cursors(db),
      broker: new BrokerTables(broker.db),
    };
    const { broker: saved } = opened;
    const [statuses, devices] = [saved.statuses(), saved.devices()];
    return { head: opened.log.head, access: saved.access(), statuses, devices };
  },
  commit: (batch: PackedBatch) => commitPacks(tables(), unpackBatch(batch)),
  judgeAgain: (some: { reason: 'hub' | 'refused'; afterCursor: number; hub: HubMoment }) =>
    judgeSomeAgain(tables(), some),
  releaseQuarantine: (edge: string) => {
    const all = tables();
    try {
      const released = inTransaction(all.db, () => all.quarantine.release(edge));
      committed(all);
      return released;
    } catch (error) {
      rolledBack(all);
      throw error;
    }
  },
  /** Here and not from a reader: a mark must never be told after a newer one. */
  marks: (edge: string | undefined) => tables().log.marks(edge),
  saveSink: ({ name, cursor }: { name: string; cursor: number }) => tables().cursors.save(name, cursor),
  saveAccess: (access: SavedAccess) => tables().broker.saveAccess(access),
  saveLatest: (batch: LatestBatch) => tables().broker.saveLatest(batch),
  close: () => {
    for (const file of tables().files) file.close();
    opened = null;
  },
};

export type WriteWorkerApi = typeof handlers;

function tables(): Opened {
  invariant(opened !== null, 'the databases are open');
  return opened;
}

function seal(): void {
  try {
    tables().series.sealDue();
  } catch (error) {
    // Nothing is lost: the readings stay in memory and in series_log, and the next commit tries again.
    if (!isStorageFault(error)) throw error;
  }
}

serveCalls(handlers, {
  isStorage: isStorageFault,
  afterwards: (method) => {
    if (method === 'commit' || method === 'judgeAgain') seal();
  },
});
