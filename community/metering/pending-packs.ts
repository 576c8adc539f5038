/** Packs that wait for a time, or were refused for theirs: of each edge so many, of all together as many as fit. */
import type { LogEntry, Receipt, WaitsFor } from '@commonworks/core';
import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../database.ts';
import { COMMUNITY_BUDGETS } from '../edge-budgets/community-budgets.ts';

/** `refused`: by a hub that was thought right; `fetch`: its clock is known, and it must be read from the log again. */
export type PendingReason = WaitsFor | 'refused' | 'fetch';

export type PendingLimits = { readonly [Name in keyof typeof COMMUNITY_BUDGETS.pending]: number };

/** As in the conditions of the two indexes: written out, so that SQLite takes them. */
const WHOLE = sql`entry <> '' AND reason <> 'refused'`;
const REFUSED = sql`reason = 'refused'`;
/** What goes of the edge that holds most: so that its share is looked for once in a while, not with each pack. */
const TAKEN_SHARE = 50;

/** Counts once a page what it needs; rows that went meanwhile only make it more careful. */
export class PendingPacks {
  readonly #tx: Db;
  readonly #limits: PendingLimits;
  readonly #wholeOf = new Map<string, number>();
  #whole: number | null = null;
  #refused: number | null = null;

  constructor(tx: Db, limits: PendingLimits = COMMUNITY_BUDGETS.pending) {
    this.#tx = tx;
    this.#limits = limits;
  }

  /** What waits stays at least by its cursor, and is read from the log again; of what was refused the newest stay, whole. */
  async keep(
    { entry, receipt }: { readonly entry: LogEntry; readonly receipt: Receipt },
    at: { readonly boot: string; readonly reason: WaitsFor | 'refused' },
  ): Promise<void> {
    const { edge, cursor, epoch, seq } = entry;
    const isWhole = at.reason === 'refused' || (await this.#hasRoom(edge));
    const text = isWhole ? JSON.stringify(entry) : '';
    await this.#tx
      .insertInto('pending_pack')
      .values({ cursor, edge, ...at, entry: text, receipt: JSON.stringify(receipt), pack_key: `${epoch}/${seq}` })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    if (at.reason === 'refused') await this.#trimRefused(edge);
  }

  async #hasRoom(edge: string): Promise<boolean> {
    const { wholePerEdge, wholeTotal } = this.#limits;
    const own = this.#wholeOf.get(edge) ?? (await this.#count(sql`${WHOLE} AND edge = ${edge}`));
    this.#whole ??= await this.#count(WHOLE);
    this.#wholeOf.set(edge, own);
    if (own >= wholePerEdge) return false;
    if (this.#whole >= wholeTotal) {
      const largest = await this.#largest(WHOLE);
      if (largest === edge) return false;
      await this.#emptyNewest(largest, Math.ceil(wholeTotal / TAKEN_SHARE));
    }
    this.#wholeOf.set(edge, own + 1);
    this.#whole += 1;
    return true;
  }

  /** They are read from the log again, so nothing is lost; those of a log that is no more stay. */
  async #emptyNewest(edge: string, count: number): Promise<void> {
    await sql`UPDATE pending_pack SET entry = '' WHERE cursor IN (SELECT cursor FROM pending_pack
      WHERE ${WHOLE} AND cursor > 0 AND edge = ${edge} ORDER BY cursor DESC LIMIT ${count})`.execute(this.#tx);
    this.#wholeOf.delete(edge);
    this.#whole = null;
    this.#whole = await this.#count(WHOLE);
  }

  async #trimRefused(edge: string): Promise<void> {
    const { refusedPerEdge, refusedTotal } = this.#limits;
    await sql`DELETE FROM pending_pack WHERE ${REFUSED} AND edge = ${edge} AND cursor <= (SELECT cursor FROM pending_pack
      WHERE ${REFUSED} AND edge = ${edge} ORDER BY cursor DESC LIMIT 1 OFFSET ${refusedPerEdge})`.execute(this.#tx);
    this.#refused = this.#refused === null ? await this.#count(REFUSED) : this.#refused + 1;
    if (this.#refused <= refusedTotal) return;
    this.#refused = await this.#count(REFUSED);
    if (this.#refused <= refusedTotal) return;
    await sql`DELETE FROM pending_pack WHERE cursor IN (SELECT cursor FROM pending_pack
      WHERE ${REFUSED} AND edge = ${await this.#largest(REFUSED)} ORDER BY cursor
      LIMIT ${this.#refused - refusedTotal + Math.floor(refusedTotal / TAKEN_SHARE)})`.execute(this.#tx);
    this.#refused = await this.#count(REFUSED);
  }

  async #count(which: RawBuilder<unknown>): Promise<number> {
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM pending_pack WHERE ${which}`.execute(this.#tx);
    return rows[0]?.n ?? 0;
  }

  async #largest(which: RawBuilder<unknown>): Promise<string> {
    const { rows } = await sql<{ edge: string }>`SELECT edge FROM pending_pack WHERE ${which}
      GROUP BY edge ORDER BY count(*) DESC, edge LIMIT 1`.execute(this.#tx);
    return rows[0]?.edge ?? '';
  }
}
