/** The log: every acknowledged pack byte for byte, once, under its key; and each source's mark. */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { PackKey, SeqRange } from '@commonworks/core';
import { EDGE_BUDGETS, type EdgeBudgets } from '../edge-budgets.ts';
import { LogHoles, type WantedPack } from './log-holes.ts';
import { newestCursor } from './log-identity.ts';
import { rangeCheck } from './prove-marks.ts';
import { provenHash, ROW_COLUMNS, readRow, rowCheck, type SourceOf, unlessDamaged } from './row-check.ts';
import { SeqRanges } from './seq-ranges.ts';
import { storeBody } from './stored-body.ts';

/** `hash`: SHA-256 of the pack `seq`, hex; null when none is proven there: nothing yet, a declared gap, a quarantined or damaged pack. */
export type Mark = {
  readonly edge: string;
  readonly epoch: string;
  readonly seq: number;
  readonly seenMs: number;
  readonly hash: string | null;
  /** Packs up to `seq` that were damaged here: their edge is asked for them again. */
  readonly wanted: readonly SeqRange[];
};

/**
 * `held`: new; `repeated`: the same bytes were there, and prove themselves; `reused`: other bytes stand under this key; `scattered`, and `crowded`
 * (one epoch too many): refused.
 */
export type InsertOutcome =
  | { readonly kind: 'held'; readonly cursor: number }
  | { readonly kind: 'repeated' | 'reused' | 'scattered' | 'crowded' };

type Source = { readonly id: number; readonly edge: string; readonly epoch: string; held: SeqRanges; seenMs: number };

export class PackLog {
  readonly #sources = new Map<string, Source>();
  readonly #sourcesById = new Map<number, Source>();
  readonly #epochsOf = new Map<string, number>();
  readonly #epochsMax: number;
  /** Ranges that each edge declared, and those of this transaction. */
  readonly #rangesOf = new Map<string, number>();
  readonly #declared: string[] = [];
  readonly #rangesMax: number;
  readonly #statements;
  /** Sources as they were before this transaction; null for those it made. */
  readonly #before = new Map<string, { held: SeqRanges; seenMs: number } | null>();
  /** The first key of each source that came with other bytes than it has here, in this transaction. */
  readonly #reused = new Map<Source, Mark>();
  readonly #firstCursor: () => number;
  readonly #sourceOf: SourceOf = (id) => this.#sourcesById.get(Number(id)) ?? null;
  readonly holes: LogHoles;
  #head: number;
  #headBefore: number;

  /** `firstCursor`: of the log's generation; new entries get no lower one. */
  constructor(
    db: DatabaseSync,
    { epochs, ranges }: Pick<EdgeBudgets, 'epochs' | 'ranges'> = EDGE_BUDGETS,
    firstCursor: () => number = () => 1,
  ) {
    this.#epochsMax = epochs;
    this.#rangesMax = ranges;
    this.#statements = prepare(db);
    this.#firstCursor = firstCursor;
    this.holes = new LogHoles(db);
    for (const row of db.prepare('SELECT id, edge, epoch, mark, seen_ms FROM source').iterate()) {
      const held = new SeqRanges(Number(row['mark']));
      const source = {
        id: Number(row['id']),
        edge: String(row['edge']),
        epoch: String(row['epoch']),
        held,
        seenMs: Number(row['seen_ms']),
      };
      this.#sources.set(`${source.edge}/${source.epoch}`, source);
      this.#sourcesById.set(source.id, source);
      this.#countEpoch(source.edge, 1);
    }
    for (const source of this.#sources.values()) this.#readAhead(source, db);
    const counted = 'SELECT edge, count(*) AS n FROM held_range JOIN source ON source.id = source GROUP BY edge';
    for (const row of db.prepare(counted).iterate()) this.#rangesOf.set(String(row['edge']), Number(row['n']));
    this.#head = Math.max(newestCursor(db), this.holes.newestCursor());
    this.#headBefore = this.#head;
  }

  /** The newest cursor; 0 when the log is empty. */
  get head(): number {
    return this.#head;
  }

  /** Inside a transaction. */
  insert(key: PackKey, body: Uint8Array, receipt: { nowMs: number; isTrusted: boolean }): InsertOutcome {
    const receivedMs = receipt.nowMs;
    if (this.#isOneTooMany(key)) return { kind: 'crowded' };
    const source = this.#source(key, receivedMs);
    const hash = createHash('sha256').update(body).digest();
    const known = this.#statements.find.get(source.id, key.seq);
    const proven = known === undefined ? null : readRow(known, this.#sourceOf);
    if (proven?.ok === true) {
      if (proven.entry.hash === hash.toString('hex')) return { kind: 'repeated' };
      if (!this.#reused.has(source)) this.#reused.set(source, this.#markAt(source, key.seq));
      return { kind: 'reused' };
    }
    const wanted = known === undefined ? this.holes.find(key) : this.#damaged(key, known, receivedMs);
    if (wanted !== null && wanted.hash !== null && !hash.equals(wanted.hash)) return { kind: 'reused' };
    const isFar = source.held.isScattered && key.seq > source.held.mark + 1;
    if (isFar) return { kind: 'scattered' };
    const { compression, stored } = storeBody(body);
    const cursor = Math.max(this.#head + 1, this.#firstCursor());
    const { isTrusted } = receipt;
    const check = rowCheck({ ...key, cursor, receivedMs, isHubTrusted: isTrusted, hash });
    const first = [cursor, source.id, key.seq, receivedMs, hash, compression, stored] as const;
    this.#statements.insert.run(...first, isTrusted ? null : 1, check);
    if (wanted !== null) this.holes.mended(wanted, cursor);
    this.#head = cursor;
    source.held.add(key.seq);
    return { kind: 'held', cursor };
  }

  /** A row that does not prove itself says nothing of what came: that is taken in its place. */
  #damaged(key: PackKey, row: Record<string, unknown>, nowMs: number): WantedPack {
    const found = { ...key, cursor: Number(row['cursor']), hash: provenHash(row, key), reason: 'row' } as const;
    return this.holes.takeOut(found, nowMs);
  }

  isHeld(key: PackKey): boolean {
    return this.#sources.get(`${key.edge}/${key.epoch}`)?.held.has(key.seq) ?? false;
  }

  #isKnown(edge: string, epoch: string): boolean {
    return this.#sources.has(`${edge}/${epoch}`);
  }

  /**
   * Counts a range as held without a pack: a declared gap, or a poison pack that stands in quarantine. False when its edge
   * has declared as many as an edge may. What is held already needs no row.
   */
  holdRange(
    key: Omit<PackKey, 'seq'>,
    range: { fromSeq: number; toSeq: number; reason: string },
    nowMs: number,
  ): boolean {
    if (this.#isOneTooMany(key)) return true;
    const source = this.#source(key, nowMs);
    if (source.held.hasAll(range.fromSeq, range.toSeq)) {
      // A damaged pack below the mark counts as held, and may be wanted still.
      this.holes.declared(key, range);
      return true;
    }
    if (source.held.isScattered && range.fromSeq > source.held.mark + 1) return true;
    const ranges = this.#rangesOf.get(key.edge) ?? 0;
    if (ranges >= this.#rangesMax) return false;
    const { changes } = this.#statements.hold.run(
      source.id,
      range.fromSeq,
      range.toSeq,
      range.reason,
      rangeCheck(key, range),
    );
    this.holes.declared(key, range);
    source.held.add(range.fromSeq, range.toSeq);
    if (changes === 0) return true;
    this.#rangesOf.set(key.edge, ranges + 1);
    this.#declared.push(key.edge);
    return true;
  }

  /**
   * Writes the marks of the sources heard from and returns them; the last step of a transaction. Before the mark of a
   * source that reused a key stands one at that key, with the hash of what is held there: its sender must not take the
   * mark for its own.
   */
  saveMarks(): Mark[] {
    const touched = [...this.#before.keys()].flatMap((key) => this.#sources.get(key) ?? []);
    for (const source of touched) this.#statements.mark.run(source.held.mark, source.seenMs, source.id);
    return touched.flatMap((source) => {
      const reused = this.#reused.get(source);
      return reused === undefined ? [this.#markOf(source)] : [reused, this.#markOf(source)];
    });
  }

  committed(): void {
    this.#before.clear();
    this.#reused.clear();
    this.#declared.length = 0;
    this.holes.committed();
    this.#headBefore = this.#head;
  }

  rolledBack(): void {
    for (const [key, before] of this.#before) {
      const source = this.#sources.get(key);
      if (before === null && this.#sources.delete(key)) this.#countEpoch(key.slice(0, key.indexOf('/')), -1);
      else if (before !== null && source !== undefined) Object.assign(source, before);
    }
    for (const edge of this.#declared) this.#rangesOf.set(edge, (this.#rangesOf.get(edge) ?? 1) - 1);
    this.#declared.length = 0;
    this.#before.clear();
    this.#reused.clear();
    this.holes.rolledBack();
    this.#head = this.#headBefore;
  }

  /** Where a source stands; seq 0 when nothing of it is known here. */
  mark(edge: string, epoch: string): Mark {
    const source = this.#sources.get(`${edge}/${epoch}`);
    return source === undefined ? { edge, epoch, seq: 0, seenMs: 0, hash: null, wanted: [] } : this.#markOf(source);
  }

  /** Marks of one edge or of all, most recently heard of first. */
  marks(edge?: string): Mark[] {
    const all = [...this.#sources.values()].filter((source) => edge === undefined || source.edge === edge);
    return all.sort((a, b) => b.seenMs - a.seenMs || b.id - a.id).map((source) => this.#markOf(source));
  }

  #markOf(source: Source): Mark {
    return this.#markAt(source, source.held.mark);
  }

  #markAt({ id, edge, epoch, seenMs }: Source, seq: number): Mark {
    const hash = this.#provenHash(id, seq);
    return { edge, epoch, seq, seenMs, hash, wanted: this.holes.wanted({ edge, epoch }, seq) };
  }

  #provenHash(id: number, seq: number): string | null {
    const [row] = [...unlessDamaged(() => this.#statements.find.iterate(id, seq))];
    const proven = row === undefined ? null : readRow(row, this.#sourceOf);
    return proven?.ok === true ? proven.entry.hash : null;
  }

  #source(key: Omit<PackKey, 'seq'>, nowMs: number): Source {
    const text = `${key.edge}/${key.epoch}`;
    let source = this.#sources.get(text);
    if (source === undefined) {
      const id = Number(this.#statements.addSource.run(key.edge, key.epoch, nowMs).lastInsertRowid);
      source = { id, edge: key.edge, epoch: key.epoch, held: new SeqRanges(0), seenMs: nowMs };
      this.#sources.set(text, source);
      this.#sourcesById.set(id, source);
      this.#countEpoch(key.edge, 1);
      this.#before.set(text, null);
    }
    if (!this.#before.has(text)) this.#before.set(text, { held: source.held.copy(), seenMs: source.seenMs });
    source.seenMs = nowMs;
    return source;
  }

  #isOneTooMany({ edge, epoch }: Omit<PackKey, 'seq'>): boolean {
    return !this.#isKnown(edge, epoch) && (this.#epochsOf.get(edge) ?? 0) >= this.#epochsMax;
  }

  #countEpoch(edge: string, change: 1 | -1): void {
    this.#epochsOf.set(edge, (this.#epochsOf.get(edge) ?? 0) + change);
  }

  #readAhead(source: Source, db: DatabaseSync): void {
    const held = db.prepare('SELECT from_seq, to_seq FROM held_range WHERE source = ? AND to_seq > ?');
    for (const row of held.iterate(source.id, source.held.mark)) {
      source.held.add(Number(row['from_seq']), Number(row['to_seq']));
    }
    const packs = db.prepare('SELECT seq FROM pack WHERE source = ? AND seq > ? ORDER BY seq');
    for (const row of packs.iterate(source.id, source.held.mark)) source.held.add(Number(row['seq']));
  }
}

function prepare(db: DatabaseSync) {
  return {
    find: db.prepare(`SELECT ${ROW_COLUMNS} FROM pack WHERE source = ? AND seq = ?`),
    insert: db.prepare(`INSERT INTO pack
      (cursor, source, seq, received_ms, hash, compression, body, hub_untrusted, row_check) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    hold: db.prepare('INSERT OR IGNORE INTO held_range VALUES (?, ?, ?, ?, ?)'),
    mark: db.prepare('UPDATE source SET mark = ?, seen_ms = ? WHERE id = ?'),
    addSource: db.prepare('INSERT INTO source (edge, epoch, mark, seen_ms) VALUES (?, ?, 0, ?)'),
  };
}
