/** What can still be read of a damaged telemetry.db: rows from both ends of a table, and where the log ended. */
import type { DatabaseSync } from 'node:sqlite';
import { identityFault } from './identity-fault.ts';
import { newestCursor } from './log-identity.ts';
import { isDamage, ROW_COLUMNS, readRow, sourceReader, unlessDamaged } from './row-check.ts';

type Row = Record<string, unknown>;

/** Rows looked at from the end for one that is proven. */
const LOOK_BACK = 1000;
/** An index that is damaged itself may name any number: it is believed so far beyond the newest proven row. */
const INDEX_BEYOND_MAX = 100_000;

/** Every row that reading from the beginning and from the end gives; the key decides which are the same. */
export function readableRows(db: DatabaseSync, { table, key }: { table: string; key: readonly string[] }): Row[] {
  const order = (way: string) => key.map((column) => `${column} ${way}`).join(', ');
  const found = new Map<string, Row>();
  for (const way of ['ASC', 'DESC']) {
    const count = found.size;
    let isWhole = true;
    try {
      for (const row of db.prepare(`SELECT * FROM ${table} ORDER BY ${order(way)}`).iterate()) {
        const own = JSON.stringify(key.map((column) => row[column]));
        if (!found.has(own)) found.set(own, row);
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      isWhole = false;
    }
    if (isWhole && count === 0) break;
  }
  return [...found.values()];
}

/** A table that is missing altogether is damage, too: then the schema is. */
function isUnreadable(error: unknown): boolean {
  return isDamage(error) || /no such (table|column)/.test(String(error));
}

/**
 * The newest cursor that is proven to have been given out: a row whose number was changed names any other. `seen`: what a
 * witness saw.
 */
export function lastCursor(db: DatabaseSync, seen: number): number {
  const sourceOf = sourceReader(db);
  let proven = 0;
  const select = `SELECT ${ROW_COLUMNS} FROM pack ORDER BY cursor`;
  for (const way of [`${select} DESC LIMIT ${LOOK_BACK}`, select]) {
    for (const row of unlessDamaged(() => db.prepare(way).iterate())) {
      const verdict = readRow(row, sourceOf);
      if (verdict.ok) proven = Math.max(proven, verdict.entry.cursor);
      if (proven > 0 && way !== select) break;
    }
    if (proven > 0) break;
  }
  const index = 'SELECT cursor FROM pack INDEXED BY sqlite_autoindex_pack_1';
  let indexed = 0;
  for (const { cursor } of unlessDamaged(() => db.prepare(index).iterate())) {
    const isLikely = typeof cursor === 'number' && cursor <= proven + INDEX_BEYOND_MAX;
    if (isLikely) indexed = Math.max(indexed, cursor);
  }
  return Math.max(proven, indexed, seen);
}

/**
 * Whether a log that opens is sound where everything rests on it: its name, its newest entry, each source's key, and that no mark
 * stands above what is held. A full look is `walkLog`'s.
 */
export function faultAtOpen(db: DatabaseSync): string | null {
  try {
    const fault = identityFault(db);
    if (fault !== null) return fault;
    const newest = newestCursor(db);
    if (newest > 0 && !isProven(db, newest)) return 'the newest entry of the log is damaged';
    const last = db.prepare('SELECT cursor, seq FROM pack WHERE source = ? ORDER BY seq DESC LIMIT 1');
    const held = db.prepare('SELECT max(to_seq) AS seq FROM held_range WHERE source = ?');
    const hole = db.prepare('SELECT max(seq) AS seq FROM log_hole WHERE edge = ? AND epoch = ?');
    for (const source of db.prepare('SELECT id, edge, epoch, mark FROM source').all()) {
      const { id, edge, epoch, mark } = source as { id: number; edge: string; epoch: string; mark: number };
      const pack = last.get(id);
      const tops = [pack?.['seq'], held.get(id)?.['seq'], hole.get(edge, epoch)?.['seq']];
      if (mark > Math.max(0, ...tops.map((seq) => Number(seq ?? 0)))) return `a mark of edge ${edge} is damaged`;
      if (pack !== undefined && !isOwn(db, Number(pack['cursor']), { edge, epoch })) return `edge ${edge} is damaged`;
    }
    return null;
  } catch (error) {
    if (isDamage(error)) return String(error);
    throw error;
  }
}

function isProven(db: DatabaseSync, cursor: number): boolean {
  return entryAt(db, cursor) !== null;
}

/** A damaged row says nothing of its source; a proven one that names another key says that the source is damaged. */
function isOwn(db: DatabaseSync, cursor: number, { edge, epoch }: { edge: string; epoch: string }): boolean {
  const entry = entryAt(db, cursor);
  return entry === null || (entry.edge === edge && entry.epoch === epoch);
}

function entryAt(db: DatabaseSync, cursor: number) {
  const select = `SELECT ${ROW_COLUMNS} FROM pack WHERE cursor = ?`;
  const row = db.prepare(select).get(cursor);
  const verdict = row === undefined ? null : readRow(row, sourceReader(db));
  return verdict?.ok === true ? verdict.entry : null;
}
