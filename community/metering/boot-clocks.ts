/** The clocks of an edge's lives, by which times since boot are placed: the newest of each edge. */
import type { Db } from '../database.ts';
import { COMMUNITY_BUDGETS } from '../edge-budgets/community-budgets.ts';
import { noteOver } from '../edge-budgets/over-budget.ts';

/** A boot is its edge's own: no other edge may tell when it was. */
export function bootOf(edge: string, boot: string): string {
  return `${edge}/${boot}`;
}

/** Within a transaction. Told again it may be better; of one edge the boots told longest ago are forgotten. */
export async function keepBootClock(
  tx: Db,
  of: { readonly edge: string; readonly boot: string; readonly offsetMs: number },
  atMs: number,
): Promise<void> {
  const { edge, offsetMs } = of;
  const boot = bootOf(edge, of.boot);
  const newest = await tx
    .selectFrom('boot_clock')
    .select('told')
    .where('edge', '=', edge)
    .orderBy('told', 'desc')
    .limit(1)
    .executeTakeFirst();
  const told = (newest?.told ?? 0) + 1;
  await tx
    .insertInto('boot_clock')
    .values({ boot, edge, offset_ms: offsetMs, told })
    .onConflict((conflict) => conflict.column('boot').doUpdateSet({ offset_ms: offsetMs, told }))
    .execute();
  const oldest = await tx
    .selectFrom('boot_clock')
    .select('told')
    .where('edge', '=', edge)
    .orderBy('told', 'desc')
    .offset(COMMUNITY_BUDGETS.bootsPerEdge)
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await tx.deleteFrom('boot_clock').where('edge', '=', edge).where('told', '<=', oldest.told).execute();
  await noteOver(tx, { edge, budget: 'boots', atMs });
}
