/** Walks the log in order, past whatever is damaged: proven entries, and holes where there should be some. */
import type { DatabaseSync } from 'node:sqlite';
import type { LogHole } from '@commonworks/core';
import { cursorLeaps, type Leap, withoutLeaps } from './cursor-leaps.ts';
import {
  isDamage,
  type ProvenRow,
  ROW_COLUMNS,
  readRow,
  type SourceOf,
  sourceReader,
  unlessDamaged,
} from './row-check.ts';

export type LogStep =
  | ({ readonly kind: 'entry' } & ProvenRow)
  /** `isNew`: nobody has remembered it yet. */
  | { readonly kind: 'hole'; readonly hole: LogHole; readonly isNew: boolean }
  /** Everything up to and including `cursor` was told; the last step. */
  | { readonly kind: 'end'; readonly cursor: number };

export type WalkSpan = {
  readonly after: number;
  /** The newest cursor that was ever given out. */
  readonly head: number;
  /** Looks for the end of an unreadable part before the walk ends, to be gone on with; each costs some 20 microseconds. */
  readonly probesMax?: number;
  /** Looks through the whole index for the keys of lost rows. */
  readonly scansMax?: number;
};

type Reason = LogHole['reason'];
type Bad = { readonly reason: Reason; readonly source: unknown; readonly seq: unknown };

/**
 * Cursors are handed out without a gap within a generation, so that one which is not there was lost: a damaged page may
 * hide a row without any error. A row that is not proven counts as not there.
 */
export function* walkLog(
  db: DatabaseSync,
  { after, head, probesMax = 2000, scansMax = 3 }: WalkSpan,
): Generator<LogStep, void> {
  const select = db.prepare(`SELECT ${ROW_COLUMNS} FROM pack WHERE cursor > ? ORDER BY cursor`);
  const sourceOf = sourceReader(db);
  const holes = new HoleTeller(db, { sourceOf, scansMax });
  let told = after;
  let seek = after;
  for (let probes = 0; told < head; probes++) {
    try {
      for (const row of select.iterate(seek)) {
        probes = 0;
        const verdict = readRow(row, sourceOf);
        const cursor = Number(row['cursor']);
        if (!verdict.ok) holes.note(cursor, { reason: verdict.reason, source: row['source'], seq: row['seq'] });
        if (!verdict.ok || cursor <= told || cursor > head) continue;
        yield* holes.between(told + 1, cursor - 1);
        told = cursor;
        yield { ...verdict, kind: 'entry' };
        seek = cursor;
      }
      break;
    } catch (error) {
      if (!isDamage(error)) throw error;
      seek = Math.max(seek, told) + 1;
      holes.note(seek, { reason: 'page', source: null, seq: null });
      if (probes < probesMax) continue;
      yield* holes.between(told + 1, Math.min(seek, head));
      yield { kind: 'end', cursor: Math.min(seek, head) };
      return;
    }
  }
  if (told < head) yield* holes.between(told + 1, head);
  yield { kind: 'end', cursor: Math.max(told, head) };
}

/** Holes by their cursors, each with the key of its pack where the row, the index or an earlier look tells it. */
class HoleTeller {
  readonly #db: DatabaseSync;
  readonly #sourceOf: SourceOf;
  readonly #bad = new Map<number, Bad>();
  #scansLeft: number;
  #scanned: Leap & { readonly keys: ReadonlyMap<number, HoleKey> } = { from: 0, to: -1, keys: new Map() };

  constructor(db: DatabaseSync, { sourceOf, scansMax }: { sourceOf: SourceOf; scansMax: number }) {
    this.#db = db;
    this.#sourceOf = sourceOf;
    this.#scansLeft = scansMax;
  }

  note(cursor: number, bad: Bad): void {
    if (!this.#bad.has(cursor)) this.#bad.set(cursor, bad);
  }

  *between(from: number, to: number): Generator<LogStep, void> {
    if (from > to) return;
    for (const span of withoutLeaps({ from, to }, cursorLeaps(this.#db))) {
      for (const { isNew, ...hole } of this.#cut(span)) yield { kind: 'hole', hole, isNew };
    }
    for (const cursor of this.#bad.keys()) if (cursor <= to) this.#bad.delete(cursor);
  }

  *#cut({ from, to }: Leap): Generator<CutHole, void> {
    const { remembered, ranges } = rememberedHoles(this.#db, { from, to });
    let last = null as CutHole | null;
    for (let cursor = from; cursor <= to; cursor++) {
      const range = ranges.find((one) => one.from <= cursor && cursor <= one.to);
      if (range !== undefined) {
        if (last !== null) yield last;
        last = null;
        const toCursor = Math.min(range.to, to);
        yield { fromCursor: cursor, toCursor, ...NO_KEY, reason: range.reason, isNew: false };
        cursor = toCursor;
        continue;
      }
      const bad = this.#bad.get(cursor);
      const known = remembered.get(cursor) ?? this.#keyAt(cursor, bad);
      const reason = bad?.reason ?? known.reason ?? 'missing';
      const { edge, epoch, seq } = known;
      const isNew = !remembered.has(cursor);
      const isLike = last?.seq === null && last.reason === reason && last.isNew === isNew;
      if (last !== null && seq === null && isLike) {
        last = { ...last, toCursor: cursor };
        continue;
      }
      if (last !== null) yield last;
      last = { fromCursor: cursor, toCursor: cursor, edge, epoch, seq, reason, isNew };
    }
    if (last !== null) yield last;
  }

  /** Cheap where the row shows its key and the index agrees; else from a look through the index. */
  #keyAt(cursor: number, bad: Bad | undefined): HoleKey {
    const shown = bad === undefined ? null : this.#indexedKey(cursor, bad);
    if (shown !== null) return shown;
    const isScanned = this.#scanned.from <= cursor && cursor <= this.#scanned.to;
    if (!isScanned && this.#scansLeft > 0) {
      this.#scansLeft -= 1;
      const span = { from: cursor, to: cursor + SCAN_CURSORS };
      this.#scanned = { ...span, keys: this.#scan(span) };
    }
    return this.#scanned.keys.get(cursor) ?? NO_KEY;
  }

  #indexedKey(cursor: number, { source, seq }: Bad): HoleKey | null {
    if (typeof source !== 'number' || typeof seq !== 'number') return null;
    const one = this.#db.prepare(`${INDEX} WHERE source = ? AND seq = ?`);
    const row = [...unlessDamaged(() => one.iterate(source, seq))][0];
    return row?.['cursor'] === cursor ? this.#keyOf(row) : null;
  }

  /**
   * The index over (source, seq) names each row's cursor and lies on pages of its own. This reads all of it: a hole that
   * is remembered needs it no more.
   */
  #scan({ from, to }: Leap): Map<number, HoleKey> {
    const keys = new Map<number, HoleKey>();
    const index = this.#db.prepare(`${INDEX} WHERE +cursor BETWEEN ? AND ?`);
    for (const row of unlessDamaged(() => index.iterate(from, to))) keys.set(Number(row['cursor']), this.#keyOf(row));
    return keys;
  }

  #keyOf({ source, seq }: Record<string, unknown>): HoleKey {
    return keyOf({ ...this.#sourceOf(source), seq });
  }
}

type CutHole = LogHole & { readonly isNew: boolean };
type HoleKey = Pick<LogHole, 'edge' | 'epoch' | 'seq'> & { readonly reason?: Reason };
const NO_KEY: HoleKey = { edge: null, epoch: null, seq: null };
const INDEX = 'SELECT cursor, source, seq FROM pack INDEXED BY sqlite_autoindex_pack_1';
/** Keys kept of one look through the index. */
const SCAN_CURSORS = 10_000;

type Remembered = {
  readonly remembered: ReadonlyMap<number, HoleKey>;
  readonly ranges: readonly (Leap & { readonly reason: Reason })[];
};

function rememberedHoles(db: DatabaseSync, { from, to }: Leap): Remembered {
  const columns = 'SELECT cursor, to_cursor, edge, epoch, seq, reason FROM log_hole';
  const one = db.prepare(`${columns} WHERE cursor BETWEEN ? AND ? AND to_cursor IS NULL`);
  const keys = new Map<number, HoleKey>();
  for (const row of unlessDamaged(() => one.iterate(from, to))) {
    keys.set(Number(row['cursor']), { ...keyOf(row), reason: row['reason'] as Reason });
  }
  const many = db.prepare(`${columns} WHERE to_cursor >= ? AND cursor <= ?`);
  const ranges = [...unlessDamaged(() => many.iterate(from, to))].map((row) => {
    return { from: Number(row['cursor']), to: Number(row['to_cursor']), reason: row['reason'] as Reason };
  });
  return { remembered: keys, ranges };
}

function keyOf(row: Record<string, unknown>): HoleKey {
  const { edge, epoch, seq } = row;
  const isWhole = typeof edge === 'string' && typeof epoch === 'string' && typeof seq === 'number' && seq > 0;
  return isWhole ? { edge, epoch, seq } : { edge: null, epoch: null, seq: null };
}
