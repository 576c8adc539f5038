/** A new telemetry.db from every row of a damaged one that is proven; what is derived is made anew, what is lost is named. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isUuid, type LogEntry, type LogHole } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import { GENERATION_MAX, identityFault, rebuildGenerations } from '@commonworks/telemetry/log/identity-fault.ts';
import { provenLetter } from '@commonworks/telemetry/log/letter-check.ts';
import { SINGLE_HOLES_MAX } from '@commonworks/telemetry/log/log-holes.ts';
import { LogIdentity, newestCursor } from '@commonworks/telemetry/log/log-identity.ts';
import { type ProvenRow, ROW_COLUMNS, rowCheck } from '@commonworks/telemetry/log/row-check.ts';
import { lastCursor, readableRows } from '@commonworks/telemetry/log/salvage-rows.ts';
import { scanPages } from '@commonworks/telemetry/log/scan-pages.ts';
import { walkLog } from '@commonworks/telemetry/log/walk-log.ts';
import { SeriesTables } from '@commonworks/telemetry/series/series-tables.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import type { LogWitness } from '../broker-tables.ts';
import { markerOf } from './damage-met.ts';
import { type BootOffsets, decodedOrNull, noteClocks, replayedSamples } from './replay-packs.ts';
import { SalvagedSources } from './salvaged-sources.ts';

export type SalvageOptions = {
  readonly witness: LogWitness | null;
  readonly nowMs: number;
  /** The database is gone: where its write-ahead log is to be kept. */
  readonly keptWal?: string | undefined;
};
export type Salvaged = {
  /** Where the damaged file is kept. */
  readonly kept: string;
  readonly packs: number;
  readonly holes: readonly LogHole[];
  /** Packs known to be lost, those of `holes` among them; of some only the key is known. */
  readonly lost: number;
};

/** Whole and on disk under this name; before that it has another. */
const buildOf = (path: string): string => `${path}.salvage`;

/** Packs in one transaction of the new file. */
const BATCH = 500;
/** Looks for the end of unreadable parts: a minute's worth. */
const PROBES_MAX = 1_000_000;

/** The caller holds the lock. @throws what the disk throws; the damaged file then stands where it stood. */
export function salvage(path: string, options: SalvageOptions): Salvaged {
  const build = `${buildOf(path)}-part`;
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${build}${suffix}`, { force: true });
  const to = new DatabaseSync(build);
  let report: Omit<Salvaged, 'kept'>;
  try {
    // Nothing refers to this file until it is whole and on disk.
    to.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF');
    for (const migration of TELEMETRY_MIGRATIONS) to.exec(migration);
    to.exec(`PRAGMA user_version = ${TELEMETRY_MIGRATIONS.length}`);
    report = copyAll(path, to, options);
  } finally {
    to.close();
  }
  flush(build);
  renameSync(build, buildOf(path));
  const kept = `${path}.damaged-${new Date(options.nowMs).toISOString().replaceAll(':', '-')}`;
  if (options.keptWal === undefined) renameSync(path, kept);
  finishSalvage(path, options.keptWal ?? `${kept}-wal`);
  return { ...report, kept: options.keptWal ?? kept };
}

/** Also after a crash between the two renames: a finished build without a database beside it takes its place. */
export function finishSalvage(path: string, keptWal = `${path}.damaged-before-wal`): void {
  const build = buildOf(path);
  if (existsSync(path) || !existsSync(build)) return;
  // A log of transactions that belongs to the damaged file must never meet the new one.
  const wal = `${path}-wal`;
  if ((statSync(wal, { throwIfNoEntry: false })?.size ?? 0) > 0) renameSync(wal, keptWal);
  rmSync(wal, { force: true });
  rmSync(`${path}-shm`, { force: true });
  renameSync(build, path);
  rmSync(markerOf(path), { force: true });
  flush(dirname(path));
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}

/** Null when not even its tables can be told: then its pages are looked through. */
function openDamaged(path: string): DatabaseSync | null {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    // Statements that cannot be made tell of a damaged schema; rows come later.
    for (const select of [`SELECT ${ROW_COLUMNS} FROM pack`, 'SELECT id, edge, epoch FROM source']) db.prepare(select);
    db.prepare('SELECT seq FROM pack INDEXED BY sqlite_autoindex_pack_1');
    return db;
  } catch {
    db?.close();
    return null;
  }
}

type Copy = {
  readonly path: string;
  readonly from: DatabaseSync;
  readonly to: DatabaseSync;
  readonly offsets: BootOffsets;
  readonly waiting: ReadonlyMap<number, Record<string, unknown>>;
  readonly sources: SalvagedSources;
};

function copyAll(path: string, to: DatabaseSync, { witness, nowMs }: SalvageOptions): Omit<Salvaged, 'kept'> {
  const opened = openDamaged(path);
  const from = opened ?? emptyLog();
  try {
    const waiting = new Map(rowsOf(from, 'unplaced', ['cursor']).map((row) => [Number(row['cursor']), row]));
    const log = nameOf(from);
    const generations = rowsOf(from, 'log_generation', ['generation']);
    const isWhole = log !== null && generations.length > 0 && identityFault(from) === null;
    nameLog(to, { log: log ?? witness?.log, generations: isWhole ? generations : [], nowMs });
    for (const [table, key] of COPIED) inTransaction(to, () => copyRows(to, table, rowsOf(from, table, key)));
    const letters = rowsOf(from, 'dead_letter', ['id']).filter((row) => provenLetter(row) !== null);
    inTransaction(to, () => copyRows(to, 'dead_letter', letters));
    const witnessed = log === null || witness?.log === log ? (witness?.head ?? 0) : 0;
    const sources = new SalvagedSources(from, to);
    const head = headOf(from, { scanned: opened === null ? newestOnPages(path, sources) : 0, witnessed });
    const copy = { path, from, to, offsets: offsetsOf(from), waiting, sources };
    const keys = copyPacks(copy, head);
    if (!isWhole) rebuildGenerations(to, nowMs);
    const holes = holesOf(to, head, keys);
    inTransaction(to, () => copyRows(to, 'boot_clock', bootRows(copy.offsets)));
    const lost = inTransaction(to, () => copy.sources.finish(holes, nowMs));
    const newest = newestCursor(to);
    const known = generations.map((row) => Number(row['generation'])).filter((one) => one >= 1 && one < GENERATION_MAX);
    const aboveGeneration = Math.max(witness?.generation ?? 0, ...known);
    const seen = { seenCursor: Math.max(head, newest, witnessed), aboveGeneration };
    const afterCursor = isWhole ? newest : 0;
    new LogIdentity(to, nowMs).raise({ cause: 'repaired', nowMs, ...seen, afterCursor });
    replay(copy);
    const packs = Number(to.prepare('SELECT count(*) AS n FROM pack').get()?.['n'] ?? 0);
    return { packs, holes, lost };
  } finally {
    from.close();
  }
}

/**
 * Up to where entries are looked for. A witness that saw far more saw another generation, or a later state of the file: that
 * is no damage, and edges send again what is beyond their marks.
 */
function headOf(from: DatabaseSync, { scanned, witnessed }: { scanned: number; witnessed: number }): number {
  const newest = lastCursor(from, scanned);
  return witnessed - newest > SINGLE_HOLES_MAX ? newest : Math.max(newest, witnessed);
}

function newestOnPages(path: string, sources: SalvagedSources): number {
  let newest = 0;
  for (const { entry } of scanPages(path, sources.of)) newest = Math.max(newest, entry.cursor);
  return newest;
}

function emptyLog(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  for (const migration of TELEMETRY_MIGRATIONS) db.exec(migration);
  return db;
}

/** Tables whose rows stand for themselves. */
const COPIED = [
  ['sink', ['name']],
  ['log_hole', ['no']],
] as const;

const rowsOf = (from: DatabaseSync, table: string, key: readonly string[]) => readableRows(from, { table, key });

function nameOf(from: DatabaseSync): string | null {
  const log = rowsOf(from, 'log_identity', ['id'])[0]?.['log'];
  return typeof log === 'string' && isUuid(log) ? log : null;
}

function nameLog(
  to: DatabaseSync,
  { log, generations, nowMs }: { log: string | undefined; generations: Record<string, unknown>[]; nowMs: number },
): void {
  if (log !== undefined) to.prepare('INSERT INTO log_identity VALUES (1, ?)').run(log);
  copyRows(to, 'log_generation', generations);
  const count = Number(to.prepare('SELECT count(*) AS n FROM log_generation').get()?.['n'] ?? 0);
  if (log === undefined) to.exec('DELETE FROM log_generation');
  else if (count === 0)
    to.prepare("INSERT INTO log_generation VALUES (1, ?, 'created', 0, 1, 0)").run(Math.trunc(nowMs));
  new LogIdentity(to, nowMs);
}

/** A row that the schema refuses is damaged. */
function copyRows(to: DatabaseSync, table: string, rows: readonly Record<string, unknown>[]): void {
  for (const row of rows) {
    const columns = Object.keys(row);
    const places = columns.map(() => '?').join(', ');
    try {
      to.prepare(`INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${places})`).run(
        ...(Object.values(row) as never[]),
      );
    } catch (error) {
      // Passed over: nothing rests on a single one of these.
      if (isStorageFault(error)) throw error;
    }
  }
}

/** Those a pack tells count more than those that were kept: they are proven. */
function offsetsOf(from: DatabaseSync): BootOffsets {
  const rows = rowsOf(from, 'boot_clock', ['edge', 'boot']);
  return new Map(rows.map((row) => [`${String(row['edge'])}/${String(row['boot'])}`, Number(row['offset_ms'])]));
}

function bootRows(offsets: BootOffsets): Record<string, unknown>[] {
  return [...offsets].map(([key, offset_ms]) => {
    const at = key.indexOf('/');
    return { edge: key.slice(0, at), boot: key.slice(at + 1), offset_ms };
  });
}

/** What SQLite gives, and what it does not from the raw pages. Returns the keys of what was missing at first. */
function copyPacks(copy: Copy, head: number): ReadonlyMap<number, LogHole> {
  const { path, from, to } = copy;
  const keys = new Map<number, LogHole>();
  const take = packTaker(copy);
  to.exec('BEGIN');
  let count = 0;
  for (const step of walkLog(from, { after: 0, head, probesMax: PROBES_MAX, scansMax: 1000 })) {
    if (step.kind === 'hole' && step.isNew) keys.set(step.hole.fromCursor, step.hole);
    if (step.kind !== 'entry') continue;
    take(step);
    if (++count % BATCH === 0) to.exec('COMMIT; BEGIN');
  }
  if (keys.size > 0) for (const found of scanPages(path, copy.sources.of)) if (found.entry.cursor <= head) take(found);
  to.exec('COMMIT');
  return keys;
}

/** What is missing now; many in a row of which nothing is known are one. */
function holesOf(to: DatabaseSync, head: number, keys: ReadonlyMap<number, LogHole>): LogHole[] {
  const holes: LogHole[] = [];
  for (const step of walkLog(to, { after: 0, head, scansMax: 0 })) {
    if (step.kind !== 'hole' || !step.isNew) continue;
    const { fromCursor, toCursor } = step.hole;
    if (toCursor - fromCursor >= SINGLE_HOLES_MAX) {
      holes.push(step.hole);
      continue;
    }
    for (let cursor = fromCursor; cursor <= toCursor; cursor++) {
      const { edge, epoch, seq, reason } = keys.get(cursor) ?? { ...step.hole, reason: 'page' as const };
      holes.push({ fromCursor: cursor, toCursor: cursor, edge, epoch, seq, reason });
    }
  }
  return holes;
}

function packTaker({ to, sources, waiting, offsets }: Copy): (found: ProvenRow) => void {
  const insert = to.prepare(`INSERT OR IGNORE INTO pack
    (cursor, source, seq, received_ms, hash, compression, body, hub_untrusted, row_check) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  return ({ entry, body, stored, compression }) => {
    const isHubTrusted = entry.isHubTrusted !== false;
    const hash = Buffer.from(entry.hash, 'hex');
    const check = rowCheck({ ...entry, isHubTrusted, hash });
    const key = [entry.cursor, sources.idOf(entry), entry.seq, entry.receivedMs, hash] as const;
    // The bytes as they were packed: they are proven by what they unpack to.
    const bytes = [compression, stored] as const;
    const { changes } = insert.run(...key, ...bytes, isHubTrusted ? null : 1, check);
    if (Number(changes) === 0) return;
    sources.note(entry);
    const pack = decodedOrNull(body);
    if (pack !== null) noteClocks(pack, offsets);
    const waits = waiting.get(entry.cursor);
    if (waits !== undefined) copyRows(to, 'unplaced', [waits]);
  };
}

/** The series, from the packs: in the order in which they came. */
function replay({ to, offsets, waiting }: Copy): void {
  const series = new SeriesTables(to);
  const head = newestCursor(to);
  let batch: { entry: LogEntry; body: Uint8Array }[] = [];
  const stage = () => {
    const samples = batch.flatMap(({ entry, body }) => {
      const pack = decodedOrNull(body);
      return pack === null ? [] : replayedSamples({ pack, entry, isWaiting: waiting.has(entry.cursor) }, offsets);
    });
    inTransaction(to, () => series.stage(samples));
    series.committed();
    series.sealDue();
    batch = [];
  };
  for (const step of walkLog(to, { after: 0, head })) {
    if (step.kind === 'entry') batch.push(step);
    if (batch.length >= BATCH) stage();
  }
  if (batch.length > 0) stage();
}
