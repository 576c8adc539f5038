/** Packs whose readings have no place in time yet: what each waits for, and the offsets that place times since boot. */
import type { DatabaseSync } from 'node:sqlite';
import type { Receipt, WaitsFor } from '@commonworks/core';
import { EDGE_BUDGETS, type EdgeBudgets } from '../edge-budgets.ts';
import { bodyOf } from './stored-body.ts';

/** Packs of a boot that are placed with the pack that tells its clock; the others a little later, some at a time. */
const TAKEN_MAX = 200;
/** Refused packs beyond an edge's budget are looked for once in so many, not with each. */
const TRIMMED_EVERY = 100;

/** `refused`: judged by a clock that was thought right. `told`: its boot's clock is known, and its turn comes. */
export type WaitingFor = WaitsFor | JudgedAgain;
/** What is judged again beside the data, some packs at a time. */
export type JudgedAgain = 'hub' | 'refused' | 'told';

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
  readonly #bootsMax: number;
  /** By edge, since the last trimming. */
  readonly #refused = new Map<string, number>();
  #isDeferred = false;

  constructor(db: DatabaseSync, { refusedPacks, boots }: Pick<EdgeBudgets, 'refusedPacks' | 'boots'> = EDGE_BUDGETS) {
    this.#refusedMax = refusedPacks;
    this.#bootsMax = boots;
    this.#statements = prepare(db);
  }

  /** Milliseconds to add to a time since that boot; null while unknown. */
  offset(edge: string, boot: string): number | null {
    const row = this.#statements.offset.get(edge, boot);
    return row === undefined ? null : Number(row['offset_ms']);
  }

  /** Told again, perhaps better: for what comes from now on. Returns how many of the edge's own were forgotten for it. */
  set(edge: string, boot: string, offsetMs: number): number {
    this.#statements.set.run(edge, boot, offsetMs, edge);
    return Number(this.#statements.forget.run(edge, edge, this.#bootsMax).changes);
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

  /** Takes the oldest packs that waited for this boot's clock. */
  take(edge: string, boot: string): WaitingPack[] {
    return this.#taken(this.#statements.ofBoot.all(edge, boot));
  }

  /** Those that still wait for it have their turn beside the data: one clock must not hold up the packs of everybody. */
  defer(edge: string, boot: string): void {
    if (Number(this.#statements.defer.run(edge, boot).changes) > 0) this.#isDeferred = true;
  }

  /** Whether some were, since it was last asked. */
  takeDeferred(): boolean {
    const isDeferred = this.#isDeferred;
    this.#isDeferred = false;
    return isDeferred;
  }

  /** Takes packs of a reason up to a cursor, oldest first: those that wait again come behind it. */
  takeFor(reason: JudgedAgain, span: { afterCursor: number; limit: number }): WaitingPack[] {
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
    set: db.prepare(`INSERT OR REPLACE INTO boot_clock (edge, boot, offset_ms, told)
      VALUES (?, ?, ?, (SELECT coalesce(max(told), 0) + 1 FROM boot_clock WHERE edge = ?))`),
    forget: db.prepare(`DELETE FROM boot_clock WHERE edge = ? AND told <=
      (SELECT told FROM boot_clock WHERE edge = ? ORDER BY told DESC LIMIT 1 OFFSET ?)`),
    wait: db.prepare('INSERT OR REPLACE INTO unplaced VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    trim: db.prepare(`DELETE FROM unplaced WHERE reason = 'refused' AND edge = ? AND cursor <=
      (SELECT cursor FROM unplaced WHERE reason = 'refused' AND edge = ? ORDER BY cursor DESC LIMIT 1 OFFSET ?)`),
    ofBoot: db.prepare(`SELECT ${columns} FROM unplaced JOIN pack USING (cursor)
      WHERE unplaced.edge = ? AND unplaced.boot = ? AND reason = 'boot' ORDER BY cursor LIMIT ${TAKEN_MAX}`),
    ofReason: db.prepare(`SELECT ${columns} FROM unplaced JOIN pack USING (cursor)
      WHERE reason = ? AND cursor > ? ORDER BY cursor LIMIT ?`),
    defer: db.prepare("UPDATE unplaced SET reason = 'told' WHERE edge = ? AND boot = ? AND reason = 'boot'"),
    placed: db.prepare('DELETE FROM unplaced WHERE cursor = ?'),
    count:
      db.prepare(`SELECT edge, iif(reason = 'told', 'boot', reason) AS reason, count(*) AS packs, min(hub_ms) AS since_ms
      FROM unplaced WHERE reason <> 'refused' GROUP BY 1, 2 ORDER BY 1, 2`),
  };
}
