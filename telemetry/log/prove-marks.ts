/** Each source's mark against what accounts for it, at the start: packs, declared ranges and holes, each row by its own check. */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { SeqRange } from '@commonworks/core';
import { type LogHoles, SINGLE_HOLES_MAX } from './log-holes.ts';

type Row = Record<string, unknown>;
type Range = { readonly from: number; readonly to: number };

const CHECK_BYTES = 8;

/** Of a row of `held_range`: null for rows of an earlier version, which are believed. */
export function rangeCheck(
  { edge, epoch }: { readonly edge: string; readonly epoch: string },
  { fromSeq, toSeq, reason }: Omit<SeqRange, 'epoch'> & { readonly reason: string },
): Buffer {
  const text = ['held', edge, epoch, fromSeq, toSeq, reason].join('/');
  return createHash('sha256').update(text).digest().subarray(0, CHECK_BYTES);
}

export function isRangeProven(of: { readonly edge: string; readonly epoch: string }, row: Row): boolean {
  const { from_seq: fromSeq, to_seq: toSeq, reason, row_check: check } = row;
  const isRange = typeof fromSeq === 'number' && typeof toSeq === 'number' && fromSeq >= 1 && toSeq >= fromSeq;
  if (!isRange || !(check instanceof Uint8Array)) return isRange && check === null;
  return rangeCheck(of, { fromSeq, toSeq, reason: String(reason) }).equals(check);
}

/**
 * In one transaction. Ranges that are not proven are taken out. What nothing accounts for up to a mark is wanted from its
 * edge; where that is too much the mark ends, and the edge sends again from there. Cheap where a mark adds up:
 * it is counted in the index.
 */
export function proveMarks(db: DatabaseSync, holes: LogHoles, nowMs: number): void {
  const set = db.prepare('UPDATE source SET mark = ? WHERE id = ?');
  for (const row of db.prepare('SELECT id, edge, epoch, mark FROM source').all()) {
    const { id, edge, epoch, mark } = row as { id: number; edge: string; epoch: string; mark: number };
    const held = [...provenRanges(db, { id, edge, epoch }), ...holeRanges(db, { edge, epoch })];
    if (isAddingUp(db, { id, mark }, merged(held, mark))) continue;
    let asked = 0;
    for (const { from, to } of missing(db, { id, mark }, merged(held, mark))) {
      asked += to - from + 1;
      if (asked > SINGLE_HOLES_MAX) {
        set.run(from - 1, id);
        break;
      }
      for (let seq = from; seq <= to; seq++) {
        holes.remember({ cursor: null, edge, epoch, seq, hash: null, reason: 'missing' }, nowMs);
      }
    }
  }
  holes.committed();
}

function provenRanges(db: DatabaseSync, { id, ...of }: { id: number; edge: string; epoch: string }): Range[] {
  const drop = db.prepare('DELETE FROM held_range WHERE source = ? AND from_seq = ? AND to_seq = ?');
  return db
    .prepare('SELECT from_seq, to_seq, reason, row_check FROM held_range WHERE source = ?')
    .all(id)
    .flatMap((row) => {
      const [from, to] = [Number(row['from_seq']), Number(row['to_seq'])];
      if (isRangeProven(of, row)) return [{ from, to }];
      drop.run(id, from, to);
      return [];
    });
}

function holeRanges(db: DatabaseSync, { edge, epoch }: { edge: string; epoch: string }): Range[] {
  const holes = db.prepare(`SELECT DISTINCT seq FROM log_hole WHERE edge = ? AND epoch = ? AND seq IS NOT NULL
    AND coalesce(mended_cursor, -1) < 0`);
  return holes.all(edge, epoch).map(({ seq }) => ({ from: Number(seq), to: Number(seq) }));
}

/** Ascending and apart, up to the mark. */
function merged(ranges: readonly Range[], mark: number): Range[] {
  const apart: Range[] = [];
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (from > mark) break;
    const end = Math.min(to, mark);
    if (last !== undefined && from <= last.to + 1)
      apart[apart.length - 1] = { from: last.from, to: Math.max(last.to, end) };
    else apart.push({ from, to: end });
  }
  return apart;
}

function isAddingUp(db: DatabaseSync, { id, mark }: { id: number; mark: number }, held: readonly Range[]): boolean {
  const count = db.prepare('SELECT count(*) AS n FROM pack WHERE source = ? AND seq BETWEEN ? AND ?');
  const packs = (from: number, to: number) => Number(count.get(id, from, to)?.['n']);
  return held.reduce((sum, { from, to }) => sum + to - from + 1 - packs(from, to), packs(1, mark)) === mark;
}

function missing(db: DatabaseSync, { id, mark }: { id: number; mark: number }, held: readonly Range[]): Range[] {
  const gaps: Range[] = [];
  let reached = 0;
  let next = 0;
  const pass = (from: number, to: number) => {
    if (from > reached + 1) gaps.push({ from: reached + 1, to: from - 1 });
    reached = Math.max(reached, to);
  };
  const passHeld = (upTo: number) => {
    for (let one = held[next]; one !== undefined && one.from <= upTo; one = held[++next]) pass(one.from, one.to);
  };
  for (const { seq } of db
    .prepare('SELECT seq FROM pack WHERE source = ? AND seq BETWEEN 1 AND ? ORDER BY seq')
    .iterate(id, mark)) {
    passHeld(Number(seq));
    pass(Number(seq), Number(seq));
  }
  passHeld(mark);
  pass(mark + 1, mark + 1);
  return gaps;
}
