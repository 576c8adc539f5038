/** Alarms that are over are kept for each edge up to a number: one that raises them without end pushes out its own. */
import { sql } from 'kysely';
import type { Db } from '../database.ts';
import { COMMUNITY_BUDGETS } from '../edge-budgets/community-budgets.ts';

type Limits = { readonly [Name in keyof typeof COMMUNITY_BUDGETS.alarms]: number };

/** Of these edges (null: of the servers and the meters), and of the edge with most when there are too many of all. */
export async function forgetEnded(
  db: Db,
  edges: ReadonlySet<string | null>,
  { perEdge, hub, total }: Limits = COMMUNITY_BUDGETS.alarms,
): Promise<void> {
  for (const edge of edges) await keepNewest(db, edge, edge === null ? hub : perEdge);
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM alarm WHERE until_ms IS NOT NULL`.execute(db);
  const over = (rows[0]?.n ?? 0) - total;
  if (over <= 0) return;
  const most = await sql<{ edge: string; n: number }>`SELECT edge, count(*) AS n FROM alarm
    WHERE until_ms IS NOT NULL AND edge IS NOT NULL GROUP BY edge ORDER BY n DESC, edge LIMIT 1`.execute(db);
  const largest = most.rows[0];
  if (largest !== undefined) await keepNewest(db, largest.edge, Math.max(0, largest.n - over));
}

async function keepNewest(db: Db, edge: string | null, count: number): Promise<void> {
  await sql`DELETE FROM alarm WHERE id IN (SELECT id FROM alarm
    WHERE until_ms IS NOT NULL AND edge IS ${edge} ORDER BY since_ms DESC, id DESC LIMIT -1 OFFSET ${count})`.execute(
    db,
  );
}
