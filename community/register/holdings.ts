/** Who holds how many shares at an instant: the sum of dated transfers, never a stored balance. */
import { accept, type Result, refuse } from '@commonworks/core';
import { sql } from 'kysely';
import type { Db } from '../database.ts';

/** Holds what no member has bought. */
export const COMMUNITY_HOLDER = 'community';
/** Where shares come from; its holding is the negative of all there are. */
export const ISSUE_HOLDER = 'issue';

export type ShareTransfer = {
  readonly community: string;
  readonly from: string;
  readonly to: string;
  readonly shares: number;
  readonly atMs: number;
  readonly reason: string;
};

/** Shares per holder at an instant (transfers at that instant included), `issue` left out. */
export async function holdingsAt(db: Db, atMs: number): Promise<Map<string, number>> {
  const rows = await sql<{ holder: string; shares: number }>`
    SELECT holder, sum(shares) AS shares FROM (
      SELECT to_holder AS holder, shares FROM share_transfer WHERE at_ms <= ${atMs}
      UNION ALL SELECT from_holder, -shares FROM share_transfer WHERE at_ms <= ${atMs}
    ) GROUP BY holder`.execute(db);
  return new Map(rows.rows.filter((row) => row.holder !== ISSUE_HOLDER).map((row) => [row.holder, row.shares]));
}

/** All shares there are, the community's own included. */
export function sharesIssued(holdings: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const shares of holdings.values()) total += shares;
  return total;
}

/** Instants within (fromMs, toMs) at which holdings change, ascending. */
export async function holdingChanges(db: Db, fromMs: number, toMs: number): Promise<number[]> {
  const rows = await db
    .selectFrom('share_transfer')
    .select('at_ms')
    .distinct()
    .where('at_ms', '>', fromMs)
    .where('at_ms', '<', toMs)
    .orderBy('at_ms')
    .execute();
  return rows.map((row) => row.at_ms);
}

/** Refused when the giver holds too little at that instant or at any later one. Returns the transfer's number. */
export async function transferShares(db: Db, transfer: ShareTransfer): Promise<Result<number>> {
  if (transfer.from !== ISSUE_HOLDER) {
    const least = await leastHolding(db, transfer.from, transfer.atMs);
    if (least < transfer.shares) {
      return refuse('community.shares-not-held', `only ${least} of ${transfer.shares} shares are held from then on`);
    }
  }
  const { no } = await db
    .insertInto('share_transfer')
    .values({
      community: transfer.community,
      from_holder: transfer.from,
      to_holder: transfer.to,
      shares: transfer.shares,
      at_ms: transfer.atMs,
      reason: transfer.reason,
    })
    .returning('no')
    .executeTakeFirstOrThrow();
  await db.insertInto('derive_request').values({ point_no: null, from_ms: transfer.atMs }).execute();
  return accept(no);
}

/** The smallest holding from `atMs` on: a transfer dated in the past must not make a later one impossible. */
async function leastHolding(db: Db, holder: string, atMs: number): Promise<number> {
  const rows = await sql<{ at_ms: number; shares: number }>`
    SELECT at_ms, sum(CASE WHEN to_holder = ${holder} THEN shares ELSE -shares END) AS shares FROM share_transfer
    WHERE to_holder = ${holder} OR from_holder = ${holder} GROUP BY at_ms ORDER BY at_ms`.execute(db);
  let held = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const row of rows.rows) {
    if (row.at_ms > atMs) least = Math.min(least, held);
    held += row.shares;
  }
  return Math.max(0, Math.min(least, held));
}
