/** The one thread that writes: it owns telemetry.db and broker.db, and answers from the hot windows. */
import type { HubMoment, LogHole, Span } from '@commonworks/core';
import { invariant } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import { BootClocks } from '@commonworks/telemetry/log/boot-clocks.ts';
import { countBehind } from '@commonworks/telemetry/log/cursor-leaps.ts';
import { Cursors } from '@commonworks/telemetry/log/cursors.ts';
import { DeadLetters } from '@commonworks/telemetry/log/dead-letters.ts';
import { LogIdentity } from '@commonworks/telemetry/log/log-identity.ts';
import { PackLog } from '@commonworks/telemetry/log/pack-log.ts';
import type { SeriesKey } from '@commonworks/telemetry/port.ts';
import { SeriesTables } from '@commonworks/telemetry/series/series-tables.ts';
import type { OwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { openOwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { serveCalls } from '@commonworks/telemetry/worker/serve-calls.ts';
import type { SavedAccess, SavedDevices, SavedStatus } from '../broker-tables.ts';
import { BROKER_MIGRATIONS, BrokerTables } from '../broker-tables.ts';
import type { CommitTables } from './commit-packs.ts';
import { commitPacks, judgeSomeAgain } from './commit-packs.ts';
import { LogKeeper } from './log-keeper.ts';
import type { PackedBatch } from './packed-batch.ts';
import { unpackBatch } from './packed-batch.ts';

type Opened = CommitTables & {
  readonly files: readonly OwnedDatabase[];
  readonly cursors: Cursors;
  readonly broker: BrokerTables;
  readonly keeper: LogKeeper;
};

export type OpenFiles = { readonly telemetryFile: string; readonly brokerFile: string; readonly nowMs: number };

let opened: Opened | null = null;

const handlers = {
  open: ({ telemetryFile, brokerFile, nowMs }: OpenFiles) => {
    const telemetry = openOwnedDatabase(telemetryFile, TELEMETRY_MIGRATIONS);
    const broker = openOwnedDatabase(brokerFile, BROKER_MIGRATIONS);
    const { db } = telemetry;
    const identity = new LogIdentity(db, nowMs);
    const log = new PackLog(db, () => identity.current.firstCursor);
    const brokerTables = new BrokerTables(broker.db);
    opened = {
      db,
      files: [telemetry, broker],
      log,
      letters: new DeadLetters(db),
      clocks: new BootClocks(db),
      series: new SeriesTables(db),
      cursors: new Cursors(db),
      broker: brokerTables,
      keeper: new LogKeeper({ db, identity, log, broker: brokerTables }),
    };
    const { broker: saved, keeper } = opened;
    const rolledBack = keeper.compare(nowMs);
    const [statuses, devices] = [saved.statuses(), saved.devices()];
    return { head: log.head, log: keeper.state(), rolledBack, access: saved.access(), statuses, devices };
  },
  commit: (batch: PackedBatch) => commitPacks(tables(), unpackBatch(batch)),
  judgeAgain: (some: { reason: 'hub' | 'refused'; afterCursor: number; hub: HubMoment }) =>
    judgeSomeAgain(tables(), some),
  marks: (edge: string | undefined) => tables().log.marks(edge),
  mark: ({ edge, epoch }: { edge: string; epoch: string }) => tables().log.mark(edge, epoch),
  seenBy: ({ nowMs, ...follower }: { after: number; generation: number; nowMs: number }) =>
    tables().keeper.seenBy(follower, nowMs),
  setAside: ({ holes, nowMs }: { holes: readonly LogHole[]; nowMs: number }) => tables().keeper.setAside(holes, nowMs),
  logState: () => tables().keeper.state(),
  last: (edge: string | undefined) => tables().series.last(edge),
  range: ({ key, span }: { key: SeriesKey; span: Span }) => tables().series.range(key, span),
  sink: (name: string) => tables().cursors.load(name),
  saveSink: ({ name, cursor }: { name: string; cursor: number }) => tables().cursors.save(name, cursor),
  counts: () => {
    const { db, letters, log, cursors, clocks, keeper } = tables();
    const { head } = log;
    return {
      deadLetters: letters.count(),
      waiting: clocks.waiting(),
      marks: log.marks(),
      head,
      log: keeper.state(),
      sinks: cursors.all().map((sink) => ({ ...sink, behind: countBehind(db, { after: sink.cursor, head }) })),
    };
  },
  saveAccess: (access: SavedAccess) => tables().broker.saveAccess(access),
  saveStatus: (status: SavedStatus) => tables().broker.saveStatus(status),
  saveDevices: (devices: SavedDevices) => tables().broker.saveDevices(devices),
  close: () => {
    tables().keeper.witness(Date.now(), { isDue: true });
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

function witness(): void {
  try {
    tables().keeper.witness(Date.now());
  } catch (error) {
    // Then the one before stands: it says less, and nothing wrong.
    if (!isStorageFault(error)) throw error;
  }
}

serveCalls(handlers, {
  isStorage: isStorageFault,
  afterwards: (method) => {
    if (method === 'commit' || method === 'judgeAgain') seal();
    if (method === 'commit') witness();
  },
});
