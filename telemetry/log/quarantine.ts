/** Whole packs that were acknowledged and could not be taken: each kept once, never pushed out, bounded by edge. */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { EDGE_BUDGETS, type EdgeBudgets } from '../edge-budgets.ts';
import { EdgeShares } from '../edge-shares.ts';
import { inTransaction } from '../sqlite/transaction.ts';
import type { NewDeadLetter } from './dead-letters.ts';
import { letterCheck } from './letter-check.ts';
import { storeBody } from './stored-body.ts';

export type NewQuarantined = Omit<NewDeadLetter, 'kind'>;

/** What a row costs beside its body: ids, the reason, three indexes. */
const ROW_BYTES = 500;
/** Of one release: so that commits need not wait for 16 MB to be deleted. */
const RELEASED_MAX = 1000;

/** They stand among the dead letters, as kind `pack`, and have one sequence of ids with them. */
export class Quarantine {
  readonly #shares: EdgeShares;
  readonly #statements;
  #packs = 0;
  #undo: (() => void)[] = [];

  constructor(db: DatabaseSync, budgets: EdgeBudgets = EDGE_BUDGETS) {
    this.#shares = new EdgeShares(budgets.quarantineBytes);
    this.#statements = prepare(db);
    nameOldPacks(db);
    const held = `SELECT edge, count(*) AS n, sum(length(body)) AS bytes FROM dead_letter WHERE kind = 'pack' GROUP BY edge`;
    for (const { edge, n, bytes } of db.prepare(held).iterate()) {
      this.#shares.add(String(edge), Number(bytes) + Number(n) * ROW_BYTES);
      this.#packs += Number(n);
    }
  }

  /** `known`: the same bytes of this edge are there already. `full`: not kept, so it must not be acknowledged. */
  keep({ receivedMs, edge, code, reason, epoch, seq, body }: NewQuarantined): 'kept' | 'known' | 'full' {
    const hash = createHash('sha256').update(body).digest();
    if (this.#statements.find.get(edge, hash) !== undefined) return 'known';
    const { compression, stored } = storeBody(body);
    if (!this.#shares.hasRoom(edge, stored.length + ROW_BYTES)) return 'full';
    const said = reason.slice(0, 500);
    const what = [receivedMs, edge, code, said, epoch, seq] as const;
    const check = letterCheck({ kind: 'pack', receivedMs, edge, code, reason: said, epoch, seq }, body);
    this.#statements.insert.run(...what, hash, compression, stored, check);
    this.#count(edge, stored.length);
    return 'kept';
  }

  /** Deletes the oldest of an edge's packs, some at a time, and returns how many; 0 when none is left. */
  release(edge: string): number {
    const rows = this.#statements.release.all(edge, RELEASED_MAX);
    for (const { bytes } of rows) this.#count(edge, Number(bytes), -1);
    return rows.length;
  }

  count(): number {
    return this.#packs;
  }

  committed(): void {
    this.#undo = [];
  }

  rolledBack(): void {
    for (const step of this.#undo.reverse()) step();
    this.#undo = [];
  }

  #count(edge: string, bytes: number, sign: 1 | -1 = 1): void {
    const amount = sign * (bytes + ROW_BYTES);
    this.#shares.add(edge, amount);
    this.#packs += sign;
    this.#undo.push(() => {
      this.#shares.add(edge, -amount);
      this.#packs -= sign;
    });
  }
}

/** Packs that an earlier version put aside have no hash yet. They were acknowledged: they stay, however many they are. */
function nameOldPacks(db: DatabaseSync): void {
  const old = db.prepare(`SELECT id FROM dead_letter WHERE kind = 'pack' AND hash IS NULL`).all();
  if (old.length === 0) return;
  const bodyOf = db.prepare('SELECT body FROM dead_letter WHERE id = ?');
  const name = db.prepare('UPDATE OR IGNORE dead_letter SET hash = ? WHERE id = ?');
  inTransaction(db, () => {
    for (const { id } of old) {
      const body = bodyOf.get(Number(id))?.['body'] as Uint8Array;
      name.run(createHash('sha256').update(body).digest(), Number(id));
    }
    db.exec(`DELETE FROM dead_letter WHERE kind = 'pack' AND hash IS NULL`);
  });
}

function prepare(db: DatabaseSync) {
  return {
    find: db.prepare(`SELECT 1 FROM dead_letter WHERE kind = 'pack' AND edge = ? AND hash = ?`),
    insert: db.prepare(`INSERT INTO dead_letter
      (kind, received_ms, edge, code, reason, epoch, seq, hash, compression, body, row_check)
      VALUES ('pack', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    release: db.prepare(`DELETE FROM dead_letter WHERE id IN
      (SELECT id FROM dead_letter WHERE kind = 'pack' AND edge = ? LIMIT ?) RETURNING length(body) AS bytes`),
  };
}
