/** The one thread that writes: it owns telemetry.db and broker.db, and is asked nothing that another can answer. */
import type { HubMoment, LogHole } from '@commonworks/core';
import { invariant } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import type { EdgeBudgets } from '@commonworks/telemetry/edge-budgets.ts';
import type { JudgedAgain } from '@commonworks/telemetry/log/boot-clocks.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import { serveCalls } from '@commonworks/telemetry/worker/serve-calls.ts';
import type { BrokerTables, SavedAccess } from '../broker-tables.ts';
import type { LatestBatch } from '../latest-messages.ts';
import { type BrokerFile, openBrokerFile } from './broker-file.ts';
import { commitPacks, judgeSomeAgain } from './commit-packs.ts';
import { damageOf } from './damage-met.ts';
import { LogKeeper } from './log-keeper.ts';
import { committed, rolledBack } from './log-tables.ts';
import { type OpenedLog, openLog } from './open-log.ts';
import type { PackedBatch } from './packed-batch.ts';
import { unpackBatch } from './packed-batch.ts';

type Opened = OpenedLog & {
  readonly brokerFile: BrokerFile;
  readonly broker: BrokerTables;
  readonly keeper: LogKeeper;
};

/** `budgets`: other bounds of an edge than the usual. */
export type StoreFiles = {
  readonly telemetryFile: string;
  readonly brokerFile: string;
  readonly budgets?: EdgeBudgets | undefined;
  readonly nowMs: number;
};

let opened: Opened | null = null;
/** Damage that was met between calls: the next one tells it. */
let met: unknown = null;

const handlers = {
  open: ({ telemetryFile, brokerFile, budgets, nowMs }: StoreFiles) => {
    // Read to its end before the log is opened: what is wrong with one file must never be blamed on the other.
    const brokerOwned = openBrokerFile(brokerFile, nowMs);
    const { tables: broker, damaged: stateDamaged, saved } = brokerOwned;
    const telemetry = openLog(telemetryFile, { witness: saved.witness, nowMs, budgets });
    const { log, salvaged, orphanedWal } = telemetry;
    const keeper = new LogKeeper({ ...telemetry, broker });
    opened = { ...telemetry, brokerFile: brokerOwned, broker, keeper };
    // A damaged file may be an older one, too.
    const rolledBack = keeper.compare(nowMs);
    const { access, statuses, devices } = saved;
    const state = { stateDamaged, access, statuses, devices };
    return { head: log.head, log: keeper.state(), rolledBack, salvaged, orphanedWal, ...state };
  },
  commit: (batch: PackedBatch) => commitPacks(tables(), unpackBatch(batch)),
  judgeAgain: (some: { reason: JudgedAgain; afterCursor: number; hub: HubMoment }) => judgeSomeAgain(tables(), some),
  /** Here and not from a reader: a mark must never be told after a newer one. */
  marks: (edge: string | undefined) => tables().log.marks(edge),
  mark: ({ edge, epoch }: { edge: string; epoch: string }) => tables().log.mark(edge, epoch),
  seenBy: ({ nowMs, ...follower }: { after: number; generation: number; nowMs: number }) =>
    tables().keeper.seenBy(follower, nowMs),
  setAside: ({ holes, nowMs }: { holes: readonly LogHole[]; nowMs: number }) => tables().keeper.setAside(holes, nowMs),
  logState: () => tables().keeper.state(),
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
  saveSink: ({ name, cursor }: { name: string; cursor: number }) => tables().cursors.save(name, cursor),
  saveAccess: (access: SavedAccess) => tables().broker.saveAccess(access),
  saveLatest: (batch: LatestBatch) => tables().broker.saveLatest(batch),
  close: () => {
    tables().keeper.witness(Date.now(), { isDue: true });
    tables().close();
    tables().brokerFile.close();
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
    const damage = damageOf(tables(), error);
    if (damage !== error) met = damage;
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

/** These write broker.db. */
const BROKER_CALLS: ReadonlySet<string> = new Set(['saveAccess', 'saveLatest']);

/** What the damaged file is to blame for ends this process: the next start salvages it. */
function guarded(known: typeof handlers): typeof handlers {
  const guard =
    (name: string, work: (argument: never) => unknown) =>
    (argument: never): unknown => {
      if (met !== null && name !== 'close') throw met;
      try {
        return work(argument);
      } catch (error) {
        throw opened === null || BROKER_CALLS.has(name) ? error : damageOf(opened, error);
      }
    };
  return Object.fromEntries(Object.entries(known).map(([name, work]) => [name, guard(name, work)])) as typeof handlers;
}

serveCalls(guarded(handlers), {
  isStorage: isStorageFault,
  afterwards: (method) => {
    if (method === 'commit' || method === 'judgeAgain') seal();
    if (method === 'commit') witness();
  },
});
