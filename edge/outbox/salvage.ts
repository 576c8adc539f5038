/** Takes everything out of a damaged outbox that can still be trusted, row by row and past SQLite, into a new file. */
import type { DatabaseSync } from 'node:sqlite';
import { CodedError, isUuid, type PackKey } from '@commonworks/core';
import { countsSum, createEpochRows } from './epoch-rows.ts';
import { openFilePages } from './file-pages.ts';
import { inTransaction } from './outbox-faults.ts';
import { keyOf, packHash } from './pack-verdict.ts';
import { type StoredRow, type StoredValue, storedRows } from './page-records.ts';
import { FORGOTTEN_LOG, readSeen } from './seen-log.ts';

/** Set in a file made of a damaged one until what is lost has been declared. */
export const SALVAGED = 'salvaged';

/** No outbox is as old; files of the first version counted wall time here, which says nothing of an age. */
const ELAPSED_MAX_MS = 1e11;

type Counts = { nextSeq: number; mark: number; isSure: boolean };
type Found = {
  readonly edge: string;
  /** As the file's own table counted them. */
  readonly told: Map<string, Counts>;
  /** The last pack of each epoch, in the order the epochs began. */
  readonly last: Map<string, { n: number; seq: number }>;
  elapsed: readonly [ms: number, boot: string, kernelMs: number] | null;
  /** How many packs the file ever had. */
  packsEver: number;
  held: string | null;
  foreign: string | null;
};

/** @throws CodedError `edge.outbox-foreign`, `edge.outbox-write-failed`. */
export function salvage(damagedFile: string, into: DatabaseSync, edge: string): void {
  using pages = openFilePages(damagedFile);
  const found: Found = {
    ...{ edge, told: new Map(), last: new Map(), elapsed: null, packsEver: 0, held: null, foreign: null },
  };
  const keep = keeper(into, found);
  inTransaction(into, () => {
    for (const row of storedRows(pages)) keep(row);
    if (found.foreign !== null && found.last.size === 0) {
      throw new CodedError('edge.outbox-foreign', `${damagedFile} belongs to edge ${found.foreign}`);
    }
    keepEpochs(into, found);
    keepAges(into, found);
    const setMeta = into.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
    setMeta.run(SALVAGED, '1');
    const isMarked = [...found.told.values()].some(({ mark }) => mark > 0);
    const held = found.held ?? (isMarked ? FORGOTTEN_LOG : null);
    if (held !== null) setMeta.run('held', held);
  });
}

/** Which table a row is of shows in its shape: the schema may be what is damaged. */
function keeper(into: DatabaseSync, found: Found): (row: StoredRow) => void {
  const keepPack = packKeeper(into, found);
  const keepCommand = commandKeeper(into);
  const keepLife = into.prepare('INSERT OR IGNORE INTO life (life, boot, isTold) VALUES (?, ?, ?)');
  return (row) => {
    const [first, second, third, fourth] = row.values;
    const size = row.values.length;
    if (size === 6 || size === 7) keepPack(row);
    if (size === 4 || size === 6) keepCommand(row.values);
    if (size === 4 && first === null && isWhole(second) && typeof third === 'string' && isWhole(fourth)) {
      if (row.rowid === 1) found.elapsed = [second, third, fourth];
    }
    if (size === 3 && typeof first === 'string' && typeof second === 'string' && isWhole(third)) {
      keepLife.run(first, second, third === 0 ? 0 : 1);
    }
    if (size === 3 || size === 4) keepCounts(found, row.values);
    if (size === 2 && first === 'pack' && isWhole(second)) found.packsEver = Math.max(found.packsEver, second);
    if (size === 2 && first === 'held' && readSeen(second) !== null) found.held = String(second);
  };
}

/** Rows of earlier versions have no sum. */
function keepCounts({ told }: Found, [epoch, nextSeq, mark, sum = null]: readonly StoredValue[]): void {
  if (typeof epoch !== 'string' || !isUuid(epoch) || !isWhole(nextSeq) || !isWhole(mark)) return;
  if (sum === null || sum === countsSum({ epoch, nextSeq, mark }))
    told.set(epoch, { nextSeq, mark, isSure: sum !== null });
}

/** The columns of a pack in every version. */
function packKeeper(into: DatabaseSync, found: Found): (row: StoredRow) => void {
  const insert = into.prepare(
    'INSERT OR IGNORE INTO pack (n, epoch, seq, body, bytes, bornMs, hash) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  return ({ rowid, values }) => {
    const [, epoch, seq, body, , born, hash] = values;
    if (typeof body !== 'string' || typeof epoch !== 'string' || !isWhole(seq)) return;
    const written = hash instanceof Uint8Array ? hash : null;
    const key = keyOf({ body, hash: written });
    // The bytes are believed before the columns beside them, but only where a hash vouches for the bytes.
    if (key === null || (written === null && !isSame(key, { epoch, seq }))) return;
    if (key.edge !== found.edge) {
      found.foreign = key.edge;
      return;
    }
    const bytes = Buffer.byteLength(body);
    const bornMs = isWhole(born) && born < ELAPSED_MAX_MS ? born : 0;
    insert.run(rowid, key.epoch, key.seq, body, bytes, bornMs, packHash(body));
    const last = found.last.get(key.epoch);
    if (last === undefined || key.seq > last.seq) found.last.set(key.epoch, { n: rowid, seq: key.seq });
  };
}

function isSame(key: PackKey, columns: { epoch: string; seq: number }): boolean {
  return key.epoch === columns.epoch && key.seq === columns.seq;
}

const PROGRESS = ['accepted', 'written', 'held', 'undoing', 'done'];

/** Of two copies of a command the one that came further is the later one. */
function commandKeeper(into: DatabaseSync): (values: readonly StoredValue[]) => void {
  const upsert = into.prepare(
    `INSERT INTO command (id, body, state, bornMs, boot, deadlineMs) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
     ON CONFLICT (id) DO UPDATE SET state = ?3, boot = ?5, deadlineMs = ?6 WHERE state <> ?3`,
  );
  const known = into.prepare('SELECT state FROM command WHERE id = ?');
  return ([id, body, state, born, boot, deadline]) => {
    if (typeof id !== 'string' || typeof body !== 'string' || typeof state !== 'string') return;
    const progress = PROGRESS.indexOf(state);
    if (progress < 0 || progress < PROGRESS.indexOf(String(known.get(id)?.['state']))) return;
    const deadlineMs = typeof deadline === 'number' ? deadline : null;
    upsert.run(id, body, state, isWhole(born) ? born : 0, typeof boot === 'string' ? boot : '', deadlineMs);
  };
}

function keepEpochs(into: DatabaseSync, found: Found): void {
  const { put } = createEpochRows(into);
  const held = readSeen(found.held);
  const byAge = [...found.last].sort(([, a], [, b]) => a.n - b.n);
  const newest = byAge.at(-1)?.[0];
  // Epochs of which no pack is left are older, or never had one.
  const epochs = [
    ...[...found.told.keys()].filter((epoch) => !found.last.has(epoch)),
    ...byAge.map(([epoch]) => epoch),
  ];
  for (const epoch of epochs) {
    const last = found.last.get(epoch) ?? null;
    const marked = epoch === held?.epoch ? held.seq : 0;
    const told = found.told.get(epoch) ?? { nextSeq: 0, mark: marked, isSure: false };
    // Each pack had the next n: what came after the last one found was of the newest epoch.
    const counted = last === null ? 0 : last.seq + 1 + (epoch === newest ? Math.max(0, found.packsEver - last.n) : 0);
    const atLeast = (last?.seq ?? 0) + 1;
    const nextSeq = told.isSure ? Math.max(told.nextSeq, atLeast) : plausible(told.nextSeq, { counted, atLeast });
    put({ epoch, nextSeq, mark: told.mark < nextSeq ? told.mark : Math.min(marked, nextSeq - 1) });
  }
}

/** Two counts of the same; one that is too low for what was found is wrong, of two possible ones the lower is taken. */
function plausible(told: number, { counted, atLeast }: { counted: number; atLeast: number }): number {
  if (told < atLeast) return Math.max(counted, atLeast);
  return counted < atLeast ? told : Math.min(told, counted);
}

/** Never before the newest pack: ages would be of the future. */
function keepAges(into: DatabaseSync, { elapsed }: Found): void {
  const [ms, boot, kernelMs] = elapsed ?? [0, '', 0];
  const newest = Number(into.prepare('SELECT max(bornMs) AS ms FROM pack').get()?.['ms'] ?? 0);
  const save = into.prepare('UPDATE elapsed SET ms = ?, boot = ?, kernelMs = ? WHERE id = 1');
  save.run(Math.max(ms, newest), boot, kernelMs);
}

function isWhole(value: StoredValue | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
