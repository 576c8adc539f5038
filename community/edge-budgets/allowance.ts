/** What each edge may still add of what stays for ever: it refills with the hub's time, so that honest use is never over. */
import type { Db } from '../database.ts';
import { ALLOWANCES, type AllowanceName } from './community-budgets.ts';
import { noteOver } from './over-budget.ts';

const DAY_MS = 86_400_000;

/** `atMs`: when the pack was received, by the hub's clock; an agent's stamps would refill it at will. */
export type Allowance = { readonly edge: string; readonly budget: AllowanceName; readonly atMs: number };

/** Within a transaction. Takes as many as are left, of those wanted, and returns how many; what is beyond it is told. */
export async function takeAllowance(tx: Db, of: Allowance, wanted = 1): Promise<number> {
  if (wanted === 0) return 0;
  const { edge, budget, atMs } = of;
  const { burst, perDay } = ALLOWANCES[budget];
  const row = await tx
    .selectFrom('edge_allowance')
    .select(['left', 'at_ms'])
    .where('edge', '=', edge)
    .where('budget', '=', budget)
    .executeTakeFirst();
  const before = row ?? { left: burst, at_ms: atMs };
  const refill = (Math.max(0, atMs - before.at_ms) / DAY_MS) * perDay;
  const left = Math.min(burst, before.left + refill);
  const taken = Math.min(wanted, Math.floor(left));
  const kept = { left: left - taken, at_ms: Math.round(Math.max(atMs, before.at_ms)) };
  await tx
    .insertInto('edge_allowance')
    .values({ edge, budget, ...kept })
    .onConflict((conflict) => conflict.columns(['edge', 'budget']).doUpdateSet(kept))
    .execute();
  if (taken < wanted) await noteOver(tx, of, wanted - taken);
  return taken;
}
