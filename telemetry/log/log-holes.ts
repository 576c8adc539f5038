/** Packs that were acknowledged and are damaged here: remembered, asked for again from their edges, and mended. */
import type { DatabaseSync } from 'node:sqlite';
import type { LogHole, LogState, PackKey, SeqRange } from '@commonworks/core';

/** A pack to be had again; `hash`: which bytes it had, null when that is lost, too. */
export type WantedPack = PackKey & { readonly no: number; readonly hash: Uint8Array | null };
export type FoundHole = Omit<LogHole, 'fromCursor' | 'toCursor'> & {
  readonly cursor: number | null;
  /** Of a range that stands for each cursor in it; nothing is known of what stood there. */
  readonly toCursor?: number | undefined;
  readonly hash: Uint8Array | null;
};

/** Cursors in a row that are remembered each by itself: beyond, one row stands for all. */
export const SINGLE_HOLES_MAX = 10_000;

/** Ranges told with one mark: a message of some 10 kB. The others are told when these have come. */
const WANTED_MAX = 100;
/** Edges named in the status. */
const EDGES_MAX = 200;
/** Stands for "its edge has it no more". */
const DECLARED = -1;

type Source = Omit<PackKey, 'seq'>;

export class LogHoles {
  readonly #db: DatabaseSync;
  /** By source, then by sequence number: only what is still wanted. */
  #wanted = new Map<string, Map<number, WantedPack>>();
  #isChanged = false;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#load();
  }

  find({ edge, epoch, seq }: PackKey): WantedPack | null {
    return this.#wanted.get(`${edge}/${epoch}`)?.get(seq) ?? null;
  }

  /** Up to a mark, as ranges; the oldest first. */
  wanted({ edge, epoch }: Source, upTo: number): SeqRange[] {
    const ranges: SeqRange[] = [];
    for (const seq of this.#wanted.get(`${edge}/${epoch}`)?.keys() ?? []) {
      const last = ranges.at(-1);
      if (seq > upTo) break;
      if (last !== undefined && last.toSeq === seq - 1) ranges[ranges.length - 1] = { ...last, toSeq: seq };
      else if (ranges.length < WANTED_MAX) ranges.push({ epoch, fromSeq: seq, toSeq: seq });
      else break;
    }
    return ranges;
  }

  /** Inside a transaction. */
  mended(pack: WantedPack, cursor: number): void {
    this.#db.prepare('UPDATE log_hole SET mended_cursor = ? WHERE no = ?').run(cursor, pack.no);
    this.#forget(pack);
  }

  /** Inside a transaction: their edge has these no more. */
  declared({ edge, epoch }: Source, { fromSeq, toSeq }: { fromSeq: number; toSeq: number }): void {
    for (const pack of [...(this.#wanted.get(`${edge}/${epoch}`)?.values() ?? [])]) {
      if (pack.seq >= fromSeq && pack.seq <= toSeq) this.mended(pack, DECLARED);
    }
  }

  /**
   * Takes damaged rows out of the log and remembers what stood there, in a transaction of the caller's. Returns how many
   * were new. @throws what SQLite throws when the row or its page cannot be changed: then only a salvage helps.
   */
  setAside(holes: readonly FoundHole[], nowMs: number): number {
    const gone = this.#db.prepare('DELETE FROM pack WHERE cursor BETWEEN ? AND ?');
    const waiting = this.#db.prepare('DELETE FROM unplaced WHERE cursor BETWEEN ? AND ?');
    let count = 0;
    for (const hole of holes) {
      const { cursor, toCursor = cursor } = hole;
      for (const statement of [waiting, gone]) if (cursor !== null) statement.run(cursor, toCursor);
      count += this.remember(hole, nowMs);
    }
    return count;
  }

  /** Inside a transaction: one that has come again already. */
  takeOut(hole: FoundHole & PackKey & { readonly cursor: number }, nowMs: number): WantedPack {
    this.setAside([hole], nowMs);
    const { no } = this.#db.prepare('SELECT no FROM log_hole WHERE cursor = ?').get(hole.cursor) as { no: number };
    return { ...hole, no };
  }

  /** Inside a transaction. Returns for how many packs it stands when it was not known before. */
  remember({ cursor, toCursor, edge, epoch, seq, hash, reason }: FoundHole, nowMs: number): number {
    const { changes } = this.#db
      .prepare(
        `INSERT OR IGNORE INTO log_hole (cursor, edge, epoch, seq, hash, reason, found_ms, to_cursor)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(cursor, edge, epoch, seq, hash, reason, Math.trunc(nowMs), toCursor ?? null);
    if (Number(changes) === 0) return 0;
    this.#isChanged = true;
    return toCursor === undefined || cursor === null ? 1 : toCursor - cursor + 1;
  }

  /** What was remembered is asked for from now on. */
  committed(): void {
    if (this.#isChanged) this.#load();
  }

  rolledBack(): void {
    if (this.#isChanged) this.#load();
  }

  /** Cursors of lost packs whose keys nobody knows. */
  nameless(): number[] {
    const rows = this.#db
      .prepare('SELECT cursor FROM log_hole WHERE seq IS NULL AND mended_cursor IS NULL AND to_cursor IS NULL')
      .all();
    return rows.flatMap(({ cursor }) => (cursor === null ? [] : [Number(cursor)]));
  }

  /** A copy of the log knows which pack stood there. In a transaction of its own. */
  name(cursor: number, { edge, epoch, seq }: PackKey): void {
    this.#db.prepare('UPDATE log_hole SET edge = ?, epoch = ?, seq = ? WHERE cursor = ?').run(edge, epoch, seq, cursor);
    this.#load();
  }

  newestCursor(): number {
    const newest =
      'SELECT max((SELECT max(cursor) FROM log_hole), coalesce((SELECT max(to_cursor) FROM log_hole), 0)) AS n';
    return Number(this.#db.prepare(newest).get()?.['n'] ?? 0);
  }

  state(): Pick<LogState, 'holes' | 'damage'> {
    const rows = this.#db
      .prepare(
        `SELECT edge, sum(coalesce(to_cursor - cursor + 1, 1)) AS packs, sum(mended_cursor IS NULL AND seq IS NOT NULL) AS asked,
           sum(mended_cursor > 0) AS mended, sum(mended_cursor < 0) AS declared, min(found_ms) AS since_ms,
           max(found_ms) AS last_ms FROM log_hole GROUP BY edge ORDER BY packs DESC LIMIT ${EDGES_MAX}`,
      )
      .all();
    const holes = rows.map((row) => ({
      edge: row['edge'] === null ? null : String(row['edge']),
      ...{ packs: Number(row['packs']), asked: Number(row['asked']), mended: Number(row['mended']) },
      ...{ declared: Number(row['declared']), sinceMs: Number(row['since_ms']), lastMs: Number(row['last_ms']) },
    }));
    return { holes, damage: holes.some(({ asked }) => asked > 0) ? 'damaged' : 'none' };
  }

  #forget({ edge, epoch, seq }: PackKey): void {
    const own = this.#wanted.get(`${edge}/${epoch}`);
    own?.delete(seq);
    if (own?.size === 0) this.#wanted.delete(`${edge}/${epoch}`);
    this.#isChanged = true;
  }

  #load(): void {
    this.#isChanged = false;
    this.#wanted = new Map();
    const rows = this.#db.prepare(
      `SELECT no, edge, epoch, seq, hash FROM log_hole WHERE mended_cursor IS NULL AND seq IS NOT NULL
       ORDER BY edge, epoch, seq`,
    );
    for (const row of rows.iterate()) {
      const pack = { no: Number(row['no']), edge: String(row['edge']), epoch: String(row['epoch']) };
      const source = `${pack.edge}/${pack.epoch}`;
      const own = this.#wanted.get(source) ?? new Map<number, WantedPack>();
      this.#wanted.set(source, own);
      const hash = row['hash'] instanceof Uint8Array ? row['hash'] : null;
      own.set(Number(row['seq']), { ...pack, seq: Number(row['seq']), hash });
    }
  }
}
