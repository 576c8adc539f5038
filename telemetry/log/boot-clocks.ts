/** Packs whose readings have no place in time yet: what each waits for, and the offsets that place times since boot. */
import type { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import type { Receipt, WaitsFor } from '@commonworks/core';

/** Packs in memory at a time. */
const TAKEN_MAX = 1000;
/** Refused packs that are judged once more when the hub's clock proves to have been wrong: the newest. */
const REFUSED_MAX = 10_000;

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

  constructor(db: DatabaseSync) {
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
    if (at.reason === 'refused') this.#statements.trim.run(REFUSED_MAX);
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
      const body = row['body'] as Uint8Array;
      return {
        cursor,
        body: row['compression'] === 1 ? zstdDecompressSync(body) : body,
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
    trim: db.prepare(`DELETE FROM unplaced WHERE reason = 'refused' AND cursor <=
      (SELECT cursor FROM unplaced WHERE reason = 'refused' ORDER BY cursor DESC LIMIT 1 OFFSET ?)`),
    ofBoot: db.prepare(`SELECT ${columns} FROM unplaced JOIN pack USING (cursor)
      WHERE unplaced.edge = ? AND unplaced.boot = ? AND reason = 'boot' ORDER BY cursor LIMIT ${TAKEN_MAX}`),
    ofReason: db.prepare(`SELECT ${columns} FROM unplaced JOIN pack USING (cursor)
      WHERE reason = ? AND cursor > ? ORDER BY cursor LIMIT ?`),
    placed: db.prepare('DELETE FROM unplaced WHERE cursor = ?'),
    count: db.prepare(`SELECT edge, reason, count(*) AS packs, min(hub_ms) AS since_ms FROM unplaced
      WHERE reason <> 'refused' GROUP BY edge, reason ORDER BY edge, reason`),
  };
}
