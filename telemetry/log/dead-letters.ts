/** Where records go that could not be taken as they came: kept as evidence, and bounded by edge. */
import type { DatabaseSync } from 'node:sqlite';
import type { DeadLetter, ErrorCode, PackKey } from '@commonworks/core';
import { EDGE_BUDGETS, type EdgeBudgets } from '../edge-budgets.ts';
import { LetterAccounts } from './letter-accounts.ts';
import { letterCheck } from './letter-check.ts';

export type NewDeadLetter = Omit<DeadLetter, 'id' | 'text' | 'code'> & {
  readonly code: ErrorCode;
  readonly body: Uint8Array;
};

/** Four bytes for each of the 4,000 characters that are shown: the log has the record whole. */
const BODY_BYTES_MAX = 16_000;
/** What a row costs beside its body: ids, the reason, four indexes. */
const ROW_BYTES = 500;
/** Of those that are too old, in one transaction. */
const AGED_MAX = 100;
/** The part taken from the edge that holds the most when all together hold too much: looking for it is rare then. */
const LARGEST_PART = 0.1;
/** Of one deletion: what an earlier version kept beyond its bounds goes little by little. */
const DROPPED_MAX = 1000;
/** A letter of the largest kind takes the room of 33 of the smallest. */
const ROUNDS_MAX = 40;

export class DeadLetters {
  readonly #budget: EdgeBudgets['letters'];
  readonly #accounts: LetterAccounts;
  readonly #statements;
  /** Of this transaction, by pack and code: how many came, and the last of them. */
  readonly #ofPack = new Map<string, { count: number; last: NewDeadLetter }>();
  readonly #pushedOut = new Map<string, number>();

  constructor(db: DatabaseSync, { letters }: EdgeBudgets = EDGE_BUDGETS) {
    this.#budget = letters;
    this.#statements = prepare(db);
    this.#accounts = new LetterAccounts();
    const held = `SELECT edge, count(*) AS n, sum(length(body)) AS bytes FROM dead_letter WHERE kind <> 'pack' GROUP BY edge`;
    for (const { edge, n, bytes } of db.prepare(held).iterate()) {
      this.#accounts.add(String(edge), Number(n), Number(bytes) + Number(n) * ROW_BYTES);
    }
    this.#accounts.committed();
  }

  /** A record of a pack that the log holds: after the first of a pack the rest are counted only. Inside a transaction. */
  add(letter: NewDeadLetter): void {
    const key = keyOf(letter, letter.code);
    const count = (this.#ofPack.get(key)?.count ?? 0) + 1;
    this.#ofPack.set(key, { count, last: letter });
    if (count <= this.#budget.perPack) this.#insert(letter);
  }

  /** What was said of this pack before it is judged anew. */
  withdraw(key: PackKey, code: ErrorCode): void {
    this.#ofPack.delete(keyOf(key, code));
    this.#forget(this.#statements.withdraw.all(key.edge, key.epoch, key.seq, code));
  }

  /**
   * The last step of a transaction that may have added some. `nowMs` is null while nobody vouches for it.
   * Returns how many letters of an edge its own newer ones pushed out.
   */
  finish(nowMs: number | null): ReadonlyMap<string, number> {
    for (const { count, last } of this.#ofPack.values()) {
      const more = count - this.#budget.perPack;
      if (more <= 0) continue;
      const reason = `and ${more} more records of this pack, which stands whole in the log`;
      this.#insert({ ...last, reason, body: new Uint8Array() });
    }
    const hasAdded = this.#ofPack.size > 0;
    this.#ofPack.clear();
    if (hasAdded && nowMs !== null) this.#forget(this.#statements.aged.all(nowMs - this.#budget.ageMs, AGED_MAX));
    const pushedOut = new Map(this.#pushedOut);
    this.#pushedOut.clear();
    return pushedOut;
  }

  committed(): void {
    this.#accounts.committed();
  }

  rolledBack(): void {
    this.#ofPack.clear();
    this.#pushedOut.clear();
    this.#accounts.rolledBack();
  }

  count(): number {
    return this.#accounts.total.letters;
  }

  #insert({ receivedMs, edge, kind, code, reason, epoch, seq, body }: NewDeadLetter): void {
    const kept = body.subarray(0, BODY_BYTES_MAX);
    const said = reason.slice(0, 500);
    const check = letterCheck({ kind, receivedMs, edge, code, reason: said, epoch, seq }, kept);
    this.#statements.insert.run(receivedMs, edge, kind, code, said, epoch, seq, kept, check);
    this.#accounts.add(edge, 1, kept.length + ROW_BYTES);
    this.#trimOwn(edge);
    this.#trimAll();
  }

  #trimOwn(edge: string): void {
    const { perEdge, bytesPerEdge } = this.#budget;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const held = this.#accounts.of(edge);
      if (held.letters <= perEdge && held.bytes <= bytesPerEdge) return;
      const gone = this.#dropOldest(edge, Math.max(1, held.letters - perEdge));
      this.#pushedOut.set(edge, (this.#pushedOut.get(edge) ?? 0) + gone);
    }
  }

  #trimAll(): void {
    const { total, totalBytes } = this.#budget;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const held = this.#accounts.total;
      if (held.letters <= total && held.bytes <= totalBytes) return;
      const largest = this.#accounts.largest(held.letters > total ? 'letters' : 'bytes');
      if (largest !== null) this.#dropOldest(largest.edge, Math.ceil(largest.letters * LARGEST_PART));
    }
  }

  #dropOldest(edge: string, limit: number): number {
    const rows = this.#statements.oldest.all(edge, Math.min(limit, DROPPED_MAX));
    this.#forget(rows);
    return rows.length;
  }

  #forget(rows: readonly Record<string, unknown>[]): void {
    for (const { edge, bytes } of rows) this.#accounts.add(String(edge), -1, -Number(bytes) - ROW_BYTES);
  }
}

function keyOf({ edge, epoch, seq }: Pick<NewDeadLetter, 'edge' | 'epoch' | 'seq'>, code: ErrorCode): string {
  return `${edge}/${epoch}/${seq}/${code}`;
}

function prepare(db: DatabaseSync) {
  const gone = 'RETURNING edge, length(body) AS bytes';
  return {
    insert: db.prepare(`INSERT INTO dead_letter (received_ms, edge, kind, code, reason, epoch, seq, body, row_check)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    oldest: db.prepare(`DELETE FROM dead_letter WHERE id IN
      (SELECT id FROM dead_letter WHERE kind <> 'pack' AND edge = ? ORDER BY id LIMIT ?) ${gone}`),
    aged: db.prepare(`DELETE FROM dead_letter WHERE id IN
      (SELECT id FROM dead_letter WHERE kind <> 'pack' AND received_ms < ? LIMIT ?) ${gone}`),
    withdraw: db.prepare(`DELETE FROM dead_letter
      WHERE edge = ? AND epoch = ? AND seq = ? AND code = ? AND kind <> 'pack' ${gone}`),
  };
}
