/** What a run knew of typed values and unplaced energy, kept with it: a closed statement goes on showing that. */
import type { MonthReadiness, RegisterAccount } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';

export async function keepAccount(tx: Db, run: string, readiness: MonthReadiness): Promise<void> {
  const accounts = readiness.registers
    .filter(({ substitutes, unplaced }) => substitutes.length > 0 || unplaced.length > 0)
    .map(({ point, pointName, register, substitutes, unplaced }): RegisterAccount => {
      return { point, pointName, register, substitutes, unplaced };
    });
  if (accounts.length === 0) return;
  await tx
    .insertInto('settlement_account')
    .values({ run, body: JSON.stringify(accounts) })
    .execute();
}

/** Of the given points alone. */
export async function settledAccount(db: Db, run: string, points: ReadonlySet<string>): Promise<RegisterAccount[]> {
  const row = await db.selectFrom('settlement_account').select('body').where('run', '=', run).executeTakeFirst();
  const accounts = row === undefined ? [] : (JSON.parse(row.body) as RegisterAccount[]);
  return accounts.filter(({ point }) => points.has(point));
}
