/** Writes a damaged telemetry.db anew and fills what is missing from copies of it; the site is stopped. */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { CodedError, type LogEntry, type LogState } from '@commonworks/core';
import { storeFault } from '@commonworks/store/store-fault.ts';
import { isDamage } from '@commonworks/telemetry/log/row-check.ts';
import { lastCursor } from '@commonworks/telemetry/log/salvage-rows.ts';
import { walkLog } from '@commonworks/telemetry/log/walk-log.ts';
import { openForReading, openLocked } from '@commonworks/telemetry/sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { openBrokerFile, type StateDamaged } from './broker-file.ts';
import { commitPacks } from './commit-packs.ts';
import { LogKeeper } from './log-keeper.ts';
import { type OpenedLog, openLog } from './open-log.ts';
import type { Salvaged } from './salvage.ts';
import type { Saved } from './saved-rows.ts';
import type { IncomingPack } from './take-pack.ts';
import { type LogVerdict, verifyLog } from './verify-log.ts';

export type RepairOptions = {
  readonly nowMs: number;
  /** telemetry.db files, or folders that hold one; the best first. */
  readonly from: readonly string[];
  /** Take a copy that nothing proves to be of this site. */
  readonly ofAnotherLog?: boolean;
  /** Whether the site.yaml that stands with a copy names this community; null when none does. */
  readonly isOfSite?: (file: string) => boolean | null;
  readonly onPack?: (count: number) => void;
};

export type Repaired = {
  readonly before: LogVerdict;
  /** What was wrong with broker.db; null when nothing was. */
  readonly stateDamaged: StateDamaged | null;
  /** Null when the file was sound: it stands as it stood. */
  readonly salvaged: Salvaged | null;
  /** Packs that the log had not, by the copy they came from. */
  readonly filled: readonly { readonly file: string; readonly packs: number; readonly foreign: number }[];
  /** What is still missing, by edge: it is asked for when the edge connects. */
  readonly holes: LogState['holes'];
};

const BATCH = 500;

/** @throws CodedError `telemetry.database-in-use` while a broker runs, `telemetry.backup-unreadable`. */
export function repairLog(files: { telemetryFile: string; brokerFile: string }, options: RepairOptions): Repaired {
  const copies = options.from.map(copyOf);
  const owned = openBrokerFile(files.brokerFile, options.nowMs);
  try {
    const { tables: broker, damaged: stateDamaged, saved } = owned;
    const { witness } = saved;
    const before = verifyLog(files.telemetryFile, { witness, ...countsOf(options) });
    const isSalvageWanted = before.damaged.length + before.faults.length > 0;
    const log = openLog(files.telemetryFile, { witness, nowMs: options.nowMs, isSalvageWanted });
    try {
      const keeper = new LogKeeper({ ...log, broker });
      keeper.compare(options.nowMs);
      const logs = new Set([log.identity.log, ...(witness === null ? [] : [witness.log])]);
      for (const file of copies) assertOwn(file, logs, options);
      const edges = edgesOf(saved);
      const filled = copies.map((file) => ({ file, ...fill(log, file, { ...options, edges }) }));
      keeper.witness(options.nowMs, { isDue: true });
      return { before, stateDamaged, salvaged: log.salvaged, filled, holes: keeper.state().holes };
    } finally {
      log.close();
    }
  } finally {
    owned.close();
  }
}

function countsOf({ onPack }: RepairOptions): { onPack?: (count: number) => void } {
  return onPack === undefined ? {} : { onPack };
}

/** @throws CodedError `telemetry.backup-unreadable`. */
function copyOf(path: string): string {
  const places = [
    path,
    join(path, 'telemetry.db'),
    join(path, 'data', 'telemetry.db'),
    join(path, 'site', 'data', 'telemetry.db'),
  ];
  const file = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile() === true);
  if (file !== undefined) return file;
  throw new CodedError('telemetry.backup-unreadable', `there is no telemetry.db at ${path}, nor in that folder`);
}

/** @throws CodedError `telemetry.backup-of-another-site`: its packs would be merged into this log for good. */
function assertOwn(file: string, logs: ReadonlySet<string>, { ofAnotherLog = false, isOfSite }: RepairOptions): void {
  if (ofAnotherLog) return;
  const isOwn = isOfSite?.(file) ?? null;
  if (isOwn === true) return;
  const copy = openCopy(file);
  try {
    const log = copy.db.prepare('SELECT log FROM log_identity').get()?.['log'];
    if (isOwn === null && logs.has(String(log))) return;
  } finally {
    copy.close();
  }
  const why = isOwn === false ? 'the site.yaml with it is of another community' : 'it is of another log';
  throw new CodedError('telemetry.backup-of-another-site', `${file}: ${why}`);
}

/** Null: everybody, when the broker was never told who may connect. */
function edgesOf({ access }: Saved): ReadonlySet<string> | null {
  return access === null ? null : new Set(access.document.principals.map(({ user }) => user));
}

type Filling = RepairOptions & { readonly edges: ReadonlySet<string> | null };

function fill(log: OpenedLog, file: string, { edges, onPack }: Filling): { packs: number; foreign: number } {
  const opened = openCopy(file);
  try {
    nameHoles(log, opened.db);
    const has = log.db.prepare(
      'SELECT 1 FROM pack JOIN source ON source.id = pack.source WHERE edge = ? AND epoch = ? AND seq = ?',
    );
    let [packs, foreign, seen] = [0, 0, 0];
    let batch: IncomingPack[] = [];
    const commit = () => {
      packs += commitPacks(log, batch).outcomes.filter((outcome) => outcome === 'held').length;
      log.series.sealDue();
      batch = [];
    };
    const head = lastCursor(opened.db, 0);
    for (const step of walkLog(opened.db, { after: 0, head, probesMax: 1_000_000, scansMax: 0 })) {
      if (step.kind !== 'entry') continue;
      onPack?.(++seen);
      const { entry, body } = step;
      if (has.get(entry.edge, entry.epoch, entry.seq) !== undefined) continue;
      if (edges !== null && !edges.has(entry.edge)) foreign += 1;
      else batch.push(incoming(entry, body));
      if (batch.length >= BATCH) commit();
    }
    if (batch.length > 0) commit();
    return { packs, foreign };
  } catch (cause) {
    if (!isDamage(cause) && storeFault(cause) !== 'statement') throw cause;
    throw new CodedError('telemetry.backup-unreadable', `${file} cannot be read: ${String(cause)}`, { cause });
  } finally {
    opened.close();
  }
}

function incoming({ edge, receivedMs, isHubTrusted = true }: LogEntry, body: Uint8Array): IncomingPack {
  return { edge, body, receivedMs, hub: { isTrusted: isHubTrusted, boot: '', upMs: 0 } };
}

/** A copy of the same log knows what stood under a cursor. */
function nameHoles({ log, identity }: OpenedLog, copy: DatabaseSync): void {
  const name = copy.prepare('SELECT log FROM log_identity').get()?.['log'];
  if (name !== identity.log) return;
  for (const cursor of log.holes.nameless()) {
    for (const step of walkLog(copy, { after: cursor - 1, head: cursor, scansMax: 0 })) {
      if (step.kind === 'entry') log.holes.name(cursor, step.entry);
    }
  }
}

/** As it is when it is of this version; else a copy of it, brought to this version. */
function openCopy(file: string): { db: DatabaseSync; close: () => void } {
  let db: DatabaseSync | null = null;
  try {
    db = openForReading(file);
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    if (version === TELEMETRY_MIGRATIONS.length) {
      const opened = db;
      return { db, close: () => opened.close() };
    }
    db.close();
    if (version === 0) throw new Error('it is no telemetry.db');
    return openMigrated(file);
  } catch (cause) {
    if (db?.isOpen) db.close();
    throw new CodedError('telemetry.backup-unreadable', `${file} cannot be read: ${String(cause)}`, { cause });
  }
}

function openMigrated(file: string): { db: DatabaseSync; close: () => void } {
  const folder = mkdtempSync(join(dirname(file), '.commonworks-copy-'));
  try {
    const copy = join(folder, 'telemetry.db');
    for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
    const db = openLocked(copy, TELEMETRY_MIGRATIONS);
    const close = () => {
      db.close();
      rmSync(folder, { recursive: true, force: true });
    };
    return { db, close };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
