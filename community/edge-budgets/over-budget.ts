/** What edges asked for beyond their budgets: told to people as long as it lasts, while the log keeps what was passed over. */
import type { Db } from '../database.ts';
import { COMMUNITY_BUDGET_WORDS, type CommunityBudget, OVER_TOLD_MS } from './community-budgets.ts';

export type Asked = { readonly edge: string; readonly budget: CommunityBudget; readonly atMs: number };

/** Within the transaction that passes it over. */
export async function noteOver(tx: Db, { edge, budget, atMs }: Asked, count = 1): Promise<void> {
  const known = await tx
    .selectFrom('edge_over')
    .selectAll()
    .where('edge', '=', edge)
    .where('budget', '=', budget)
    .executeTakeFirst();
  const isSame = known !== undefined && Math.abs(atMs - known.last_ms) <= OVER_TOLD_MS;
  const row = {
    ...{ edge, budget, last_ms: Math.round(atMs) },
    since_ms: isSame ? known.since_ms : Math.round(atMs),
    count: (isSame ? known.count : 0) + count,
  };
  await tx
    .insertInto('edge_over')
    .values(row)
    .onConflict((conflict) => conflict.columns(['edge', 'budget']).doUpdateSet(row))
    .execute();
}

export type EdgeOver = { readonly edgeName: string; readonly reason: string; readonly sinceMs: number };

/** Of the last day, of enabled edges. */
export async function edgesOver(db: Db, nowMs: number): Promise<EdgeOver[]> {
  const rows = await db
    .selectFrom('edge_over')
    .innerJoin('edge', 'edge.id', 'edge_over.edge')
    .select(['edge.name', 'budget', 'since_ms'])
    .where('enabled', '=', 1)
    .where('last_ms', '>', nowMs - OVER_TOLD_MS)
    .orderBy('edge.name')
    .orderBy('budget')
    .execute();
  return rows.map(({ name, budget, since_ms }) => ({
    edgeName: name,
    reason: COMMUNITY_BUDGET_WORDS[budget],
    sinceMs: since_ms,
  }));
}
