/** Packs whose readings have no place in time yet: what each waits for, and the offsets that place times since boot. */
import type { DatabaseSync } from 'node:sqlite';
import type { Receipt, WaitsFor } from '@commonworks/core';
import { EDGE_BUDGETS, type EdgeBudgets } from '../edge-budgets.ts';
import { bodyOf } from './stored-body.ts';

/** Packs in memory at a time. */
const TAKEN_MAX = 1000;
/** Refused packs beyond an edge's budget are looked for once in so many, not with each. */
const TRIMMED_EVERY = 100;

/** `refused`: judged by a clock that was thought right. */
export type WaitingFor = WaitsFor | 'refused';

export type WaitingPack = { readonly cursor: number; readonly body: Uint8Array; readonly receipt: Receipt };
/** How many packs of an edge wait, and since when by the hub's clock. */
export type WaitingCount = {
  readonly edge: string;
  readonly reason: WaitsFor;
  readonly packs: number;
  readonly sinceMs: number;
};

export class BootClocks {
  readonly #statements;
  readonly #refusedMax: number;
  /** By edge, since the last trimming. */
  readonly #refused = new Map<string, number>();

  constructor(db: DatabaseSync, { refusedPacks }: Pick<EdgeBudgets, 'refusedPacks'> = EDGE_BUDGETS) {
    this.#refusedMax = refusedPacks;
    this.#statements = prepare(db);
  }

  /** Milliseconds to add to a time since that boot; null while unknown. */
  offset(edge: string, boot: string): number | null {
    const row = this.#statements.offset.get(edge, boot);
    return row === undefined ? null : Number(row['offset_ms']);
  }

  /** Told again, perhaps better: for what comes from now on. */
  set(edge: string, boot: string, offsetMs: number): void {
    this.#statements.set.run(edge, boot, offsetMs);
  }

  /** Remembers that a pack has readings without a known time. */
  wait(cursor: number, key: { edge: string; boot: string }, at: { reason: WaitingFor; receipt: Receipt }): void {
    const { nowMs, boot, upMs, isTrusted } = at.receipt;
    const told = [nowMs, boot, Math.trunc(upMs), isTrusted ? 1 : 0] as const;
    this.#statements.wait.run(cursor, key.edge, key.boot, at.reason, ...told);
    if (at.reason === 'refused') this.#trimRefused(key.edge);
  }

  /** The oldest of the edge's own go. */
  #trimRefused(edge: string): void {
    const refused = (this.#refused.get(edge) ?? 0) + 1;
    this.#refused.set(edge, refused % TRIMMED_EVERY);
    if (refused >= TRIMMED_EVERY) this.#statements.trim.run(edge, edge, this.#refusedMax);
  }

  /** Takes the oldest packs that waited for this boot's clock; none left when it is empty. */
  take(edge: string, boot: string): WaitingPack[] {
    return this.#taken(this.#statements.ofBoot.all(edge, boot));
  }

  /** Takes packs of a reason up to a cursor, oldest first: those that wait again come behind it. */
  takeFor(reason: 'hub' | 'refused', span: { afterCursor: number; limit: number }): WaitingPack[] {
    return this.#taken(this.#statements.ofReason.all(reason, span.afterCursor, span.limit));
  }

  /** Of every edge for which something waits. */
  waiting(): WaitingCount[] {
    return this.#statements.count.all().map((row) => ({
      edge: String(row['edge']),
      reason: row['reason'] as WaitsFor,
      packs: Number(row['packs']),
      sinceMs: Number(row['since_ms']),
    }));
  }

  #taken(rows: readonly Record<string, unknown>[]): WaitingPack[] {
    return rows.map((row) => {
      const cursor = Number(row['cursor']);
      this.#statements.placed.run(cursor);
      return {
        cursor,
        body: bodyOf(row),
        receipt: {
          nowMs: Number(row['hub_ms']),
          boot: String(row['hub_boot']),
          upMs: Number(row['hub_up_ms']),
          isTrusted: row['is_trusted'] === 1,
        },
      };
    });
  }
}

function prepare(db: DatabaseSync) {
  const columns = 'cursor, compression, body, hub_ms, hub_boot, hub_up_ms, is_trusted';
  return {
    offset: db.prepare('SELECT offset_ms FROM boot_clock WHERE edge = ? AND boot = ?'),
    set: db.prepare('INSERT OR REPLACE INTO boot_clock VALUES (?, ?, ?)'),
    wait: db.prepare('INSERT OR REPLACE INTO unplaced VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    trim: db.prepare(`DELETE FROM unplaced WHERE reason = 'refused' AND edge = ? AND cursor <=
      (SELECT cursor FROM unplaced WHERE reason = 'refused' AND edge = ? ORDER BY cursor DESC LIMIT 1 OFFSET ?)`),
    ofBoot: db.prepare(`SELECT ${columns} FROM unplaced JOIN pack USING (cursor)
      WHERE unplaced.edge = ? AND unplaced.boot = ? AND reason = 'boot' ORDER BY cursor LIMIT ${TAKEN_MAX}`),
    ofReason: db.prepare(`SELECT ${columns} FROM unplaced JOIN pack USING (cursor)
      WHERE reason = ? AND cursor > ? ORDER BY cursor LIMIT ?`),
    placed: db.prepare('DELETE FROM unplaced WHERE cursor = ?'),
    count: db.prepare(`SELECT edge, reason, count(*) AS packs, min(hub_ms) AS since_ms FROM unplaced
      WHERE reason <> 'refused' GROUP BY edge, reason ORDER BY edge, reason`),
  };
}
