/** The sources of a salvaged log: numbered anew, their marks kept as far as they can be true, their lost packs named. */
import type { DatabaseSync } from 'node:sqlite';
import { isUuid, type LogEntry, type LogHole } from '@commonworks/core';
import { LogHoles, SINGLE_HOLES_MAX } from '@commonworks/telemetry/log/log-holes.ts';
import { isRangeProven, rangeCheck } from '@commonworks/telemetry/log/prove-marks.ts';
import { type SourceOf, sourceReader } from '@commonworks/telemetry/log/row-check.ts';
import { readableRows } from '@commonworks/telemetry/log/salvage-rows.ts';

type Range = { from: number; to: number };
type Source = { readonly id: number; readonly held: Range[]; newest: number };
type LostKey = { readonly edge: string; readonly epoch: string; readonly seq: number };

export class SalvagedSources {
  readonly #to: DatabaseSync;
  readonly #sources = new Map<string, Source>();
  readonly #marks = new Map<string, { mark: number; seenMs: number }>();
  readonly #declared: (Range & { key: string; reason: string })[] = [];
  /** By the numbers of the damaged file. */
  readonly of: SourceOf;

  constructor(from: DatabaseSync, to: DatabaseSync) {
    this.#to = to;
    this.of = sourceReader(from);
    const keys = new Map<unknown, string>();
    for (const row of readableRows(from, { table: 'source', key: ['id'] })) {
      const { edge, epoch, mark, seen_ms: seenMs } = row;
      if (typeof edge !== 'string' || typeof epoch !== 'string' || !isUuid(edge) || !isUuid(epoch)) continue;
      keys.set(row['id'], `${edge}/${epoch}`);
      this.#marks.set(`${edge}/${epoch}`, { mark: Number(mark), seenMs: Number(seenMs) });
    }
    for (const row of readableRows(from, { table: 'held_range', key: ['source', 'from_seq', 'to_seq'] })) {
      const key = keys.get(row['source']);
      const [fromSeq, toSeq] = [Number(row['from_seq']), Number(row['to_seq'])];
      const [edge = '', epoch = ''] = key?.split('/') ?? [];
      if (key === undefined || !isRangeProven({ edge, epoch }, { row_check: null, ...row })) continue;
      this.#declared.push({ key, from: fromSeq, to: toSeq, reason: String(row['reason']) });
    }
  }

  idOf({ edge, epoch, receivedMs }: LogEntry): number {
    return this.#source(`${edge}/${epoch}`, receivedMs).id;
  }

  note({ edge, epoch, seq, receivedMs }: LogEntry): void {
    const source = this.#source(`${edge}/${epoch}`, receivedMs);
    const last = source.held.at(-1);
    if (last !== undefined && last.to === seq - 1) last.to = seq;
    else source.held.push({ from: seq, to: seq });
    source.newest = Math.max(source.newest, seq);
  }

  /**
   * Marks stay where they were, as far as something held or lost reaches: what is missing below is lost, and asked for.
   * Returns how many packs that is.
   */
  finish(holes: readonly LogHole[], nowMs: number): number {
    this.#declare(nowMs);
    const keyed = holes.filter(({ seq }) => seq !== null);
    for (const { edge, epoch, seq } of keyed) {
      const source = this.#source(`${edge}/${epoch}`, nowMs);
      source.newest = Math.max(source.newest, seq ?? 0);
    }
    const remembered = new LogHoles(this.#to);
    let lost = 0;
    for (const { fromCursor: cursor, edge, epoch, seq, reason } of keyed) {
      lost += remembered.remember({ cursor, edge, epoch, seq, hash: null, reason }, nowMs);
    }
    // Which of the lost keys stood at which of the lost cursors nobody can tell: they are told in their order.
    const nameless = holes.filter(({ seq, fromCursor, toCursor }) => seq === null && fromCursor === toCursor);
    for (const { fromCursor: cursor, toCursor, reason } of holes) {
      const hole = { cursor, toCursor, edge: null, epoch: null, seq: null, hash: null, reason };
      if (toCursor > cursor) lost += remembered.remember(hole, nowMs);
    }
    const keys = this.#settleMarks(nowMs);
    for (let k = 0; k < Math.max(nameless.length, keys.length); k++) {
      const cursor = nameless[k]?.fromCursor ?? null;
      const { edge = null, epoch = null, seq = null } = keys[k] ?? {};
      const reason = nameless[k]?.reason ?? 'missing';
      lost += remembered.remember({ cursor, edge, epoch, seq, hash: null, reason }, nowMs);
    }
    return lost;
  }

  #declare(nowMs: number): void {
    const hold = this.#to.prepare('INSERT OR IGNORE INTO held_range VALUES (?, ?, ?, ?, ?)');
    for (const { key, from, to, reason } of this.#declared) {
      const source = this.#source(key, this.#marks.get(key)?.seenMs ?? nowMs);
      const [edge = '', epoch = ''] = key.split('/');
      hold.run(source.id, from, to, reason, rangeCheck({ edge, epoch }, { fromSeq: from, toSeq: to, reason }));
      source.held.push({ from, to });
      source.newest = Math.max(source.newest, to);
    }
  }

  /** Sets the marks, and returns the keys below them that nothing accounts for. */
  #settleMarks(nowMs: number): LostKey[] {
    const known = this.#to.prepare('SELECT 1 FROM log_hole WHERE edge = ? AND epoch = ? AND seq = ?');
    const set = this.#to.prepare('UPDATE source SET mark = ?, seen_ms = ? WHERE id = ?');
    const lost: LostKey[] = [];
    for (const [key, source] of this.#sources) {
      const [edge = '', epoch = ''] = key.split('/');
      const told = this.#marks.get(key);
      const { mark, missing } = missingBelow(source, told?.mark ?? 0);
      set.run(mark, Math.trunc(told?.seenMs ?? nowMs), source.id);
      for (const { from, to } of missing) {
        for (let seq = from; seq <= to; seq++) {
          if (known.get(edge, epoch, seq) === undefined) lost.push({ edge, epoch, seq });
        }
      }
    }
    return lost;
  }

  #source(key: string, seenMs: number): Source {
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const [edge = '', epoch = ''] = key.split('/');
    const { lastInsertRowid } = this.#to
      .prepare('INSERT INTO source (edge, epoch, mark, seen_ms) VALUES (?, ?, 0, ?)')
      .run(edge, epoch, Math.trunc(seenMs));
    const source = { id: Number(lastInsertRowid), held: [], newest: 0 };
    this.#sources.set(key, source);
    return source;
  }
}

/**
 * The mark: as it was, if anything reaches so far, and at least up to the first gap. Before a gap too wide to be asked for
 * pack by pack it stops: then the edge sends again from there what it has.
 */
function missingBelow({ held, newest }: Source, told: number): { mark: number; missing: Range[] } {
  const wanted = Math.min(told, newest);
  const ranges = [...held, { from: wanted + 1, to: wanted }].sort((a, b) => a.from - b.from);
  const missing: Range[] = [];
  let reached = 0;
  for (const { from, to } of ranges) {
    if (from > reached + 1) {
      if (from > wanted + 1) break;
      if (from - reached > SINGLE_HOLES_MAX) return { mark: reached, missing };
      missing.push({ from: reached + 1, to: from - 1 });
    }
    reached = Math.max(reached, to);
  }
  return { mark: reached, missing };
}
