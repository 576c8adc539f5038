/** Where things go that could not be taken as they came: kept as evidence, and bounded. */
import type { DatabaseSync } from 'node:sqlite';
import type { DeadLetter, ErrorCode, PackKey } from '@commonworks/core';

export type NewDeadLetter = Omit<DeadLetter, 'id' | 'text' | 'code'> & {
  readonly code: ErrorCode;
  readonly body: Uint8Array;
};

/** At 64 kB each 6.5 GB at worst, usually a few MB; beyond it the oldest go. */
const LETTERS_MAX = 100_000;

export class DeadLetters {
  readonly #insert;
  readonly #trim;
  readonly #withdraw;
  readonly #count;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare(`INSERT INTO dead_letter (received_ms, edge, kind, code, reason, epoch, seq, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#trim = db.prepare('DELETE FROM dead_letter WHERE id <= ?');
    this.#withdraw = db.prepare('DELETE FROM dead_letter WHERE edge = ? AND epoch = ? AND seq = ? AND code = ?');
    this.#count = db.prepare('SELECT count(*) AS n FROM dead_letter');
  }

  add(letter: NewDeadLetter): void {
    const { receivedMs, edge, kind, code, reason, epoch, seq, body } = letter;
    const { lastInsertRowid } = this.#insert.run(receivedMs, edge, kind, code, reason.slice(0, 500), epoch, seq, body);
    this.#trim.run(Number(lastInsertRowid) - LETTERS_MAX);
  }

  /** What was said of this pack before it is judged anew. */
  withdraw(key: PackKey, code: ErrorCode): void {
    this.#withdraw.run(key.edge, key.epoch, key.seq, code);
  }

  count(): number {
    return Number(this.#count.get()?.['n'] ?? 0);
  }
}
