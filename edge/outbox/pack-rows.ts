/** The rows of packs with their running sums: numbered, and moved by the mark. Changes belong inside `transact`. */
import type { DatabaseSync } from 'node:sqlite';
import { encodePack, invariant, type MarkMessage } from '@commonworks/core';
import type { Elapsed } from './elapsed.ts';
import { gapDrafts, type LostRange, missingFrom } from './gaps.ts';
import type { Lives } from './lives.ts';
import { inTransaction } from './outbox-faults.ts';
import { packHash } from './pack-verdict.ts';
import type { Statements } from './statements.ts';
import type { Backlog, OutboxOptions, PackDraft } from './store.ts';

export type PackRow = {
  readonly n: number;
  readonly epoch: string;
  readonly seq: number;
  readonly body: string;
  readonly bytes: number;
  readonly bornMs: number;
  readonly hash: Uint8Array | null;
};
export type Sum = { readonly packs: number; readonly bytes: number };
export type Move = 'none' | 'rose' | 'fell';

export type PackRowsInput = {
  readonly db: DatabaseSync;
  readonly sql: Statements;
  readonly options: OutboxOptions;
  readonly elapsed: Elapsed;
  readonly lives: Lives;
  /** A name no epoch of this file has. */
  readonly newEpoch: () => string;
};
export type PackRows = ReturnType<typeof createPackRows>;

export function createPackRows({ db, sql, options, elapsed, lives, newEpoch }: PackRowsInput) {
  // Counted along: counting the rows would make each append as slow as the backlog is long.
  let state = { epoch: sql.epochs.all().at(-1)?.epoch ?? '', isNewEpoch: false, ...counted(sql) };
  const add = (to: 'waiting' | 'reserve', change: Sum, sign: 1 | -1) => {
    state = { ...state, [to]: added(state[to], change, sign) };
  };
  const insert = ({ samples, events }: PackDraft, of: { boot: string; bornMs: number } | null = null) => {
    const { boot, bornMs } = of ?? { boot: options.boot, bornMs: elapsed.count() };
    const counts = sql.epochs.get(state.epoch);
    invariant(counts !== null, 'the epoch in use has its counts');
    const { epoch, nextSeq: seq } = counts;
    const body = encodePack({ edge: options.edge, epoch, seq, boot, samples, events });
    const bytes = Buffer.byteLength(body);
    const { lastInsertRowid } = sql.insert.run(epoch, seq, body, bytes, bornMs, packHash(body));
    sql.epochs.put({ ...counts, nextSeq: seq + 1 });
    add('waiting', { packs: 1, bytes }, 1);
    state = { ...state, headN: Number(lastInsertRowid) };
    lives.note({ samples, events });
  };
  const declare = (ranges: readonly LostRange[], stampMs: number) => {
    // The offset that dates earlier packs may be among what is lost.
    if (ranges.length > 0) lives.forgetTold();
    for (const draft of gapDrafts(ranges, stampMs)) insert(draft);
  };
  const beginEpoch = () => {
    state = { ...state, epoch: newEpoch(), isNewEpoch: true };
    sql.epochs.put({ epoch: state.epoch, nextSeq: 1, mark: 0 });
  };
  return {
    epoch: () => state.epoch,
    isNewEpoch: () => state.isNewEpoch,
    backlog: (): Backlog => ({ ...state.waiting, headN: state.headN }),
    reserve: (): Sum => state.reserve,
    insert,
    declare,
    beginEpoch,
    recount: () => {
      state = { ...state, ...counted(sql), headN: state.headN };
    },
    forgotReserve: (sum: Sum) => add('reserve', sum, -1),
    /** What was up to the mark is reserve, what is above it waits: no row is touched. */
    moveMark: ({ epoch, seq }: Pick<MarkMessage, 'epoch' | 'seq'>): Move => {
      const counts = sql.epochs.get(epoch);
      if (counts === null || counts.mark === seq) return 'none';
      const { mark, nextSeq } = counts;
      const moved = sumOf(sql.sumBetween.get(epoch, Math.min(seq, mark), Math.max(seq, mark)));
      add('waiting', moved, seq > mark ? -1 : 1);
      add('reserve', moved, seq > mark ? 1 : -1);
      sql.epochs.put({ epoch, nextSeq: Math.max(nextSeq, seq + 1), mark: seq });
      return seq > mark ? 'rose' : 'fell';
    },
    transact: <T>(work: () => T): T => {
      const before = state;
      return inTransaction(db, work, () => {
        state = before;
      });
    },
  };
}

/** Numbers that were given, are above the mark of their epoch, and are not here. */
export function missing(sql: Statements, reason: string): LostRange[] {
  return sql.epochs
    .all()
    .flatMap(({ epoch, nextSeq, mark }) => missingIn(sql, { epoch, fromSeq: mark + 1, toSeq: nextSeq - 1, reason }));
}

export function missingIn(sql: Statements, range: LostRange): LostRange[] {
  return missingFrom(seqsOf(sql.seqsBetween.iterate(range.epoch, range.fromSeq, range.toSeq)), range);
}

export function* rowsOf(rows: Iterable<Record<string, unknown>>): Generator<PackRow> {
  for (const { n, epoch, seq, body, bytes, bornMs, hash } of rows) {
    const numbers = { n: Number(n), seq: Number(seq), bytes: Number(bytes), bornMs: Number(bornMs) };
    yield { ...numbers, epoch: String(epoch), body: String(body), hash: hash instanceof Uint8Array ? hash : null };
  }
}

function* seqsOf(rows: Iterable<Record<string, unknown>>): Generator<number> {
  for (const row of rows) yield Number(row['seq']);
}

function added(sum: Sum, { packs, bytes }: Sum, sign: 1 | -1): Sum {
  return { packs: sum.packs + sign * packs, bytes: Math.max(0, sum.bytes + sign * bytes) };
}

function sumOf(row: Record<string, unknown> | undefined): Sum {
  return { packs: Number(row?.['packs'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) };
}

function counted(sql: Statements) {
  const sums = sql.sums.all();
  const of = (waits: number) => sumOf(sums.find((row) => row['waits'] === waits));
  return { waiting: of(1), reserve: of(0), headN: Number(sql.headN.get()?.['n'] ?? 0) };
}
