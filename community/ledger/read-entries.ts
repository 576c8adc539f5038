/** Reading the ledger: entries of an account and month, and balances. */
import type { LedgerEntry } from '@commonworks/core/ledger/index.ts';
import type { Db } from '../database.ts';

/** Entries that touch an account within a period, in the order they were posted. */
export async function accountEntries(db: Db, account: string, period: string): Promise<LedgerEntry[]> {
  const rows = await db
    .selectFrom('ledger_entry as entry')
    .select('entry.body')
    .where('entry.period', '=', period)
    .where((where) =>
      where.exists(
        where
          .selectFrom('ledger_posting as posting')
          .select('posting.line')
          .whereRef('posting.position', '=', 'entry.position')
          .where('posting.account', '=', account),
      ),
    )
    .orderBy('entry.position')
    .execute();
  return rows.map((row) => JSON.parse(row.body) as LedgerEntry);
}

/** The sum of an account's postings in one unit. */
export async function accountBalance(db: Db, account: string, unit: string): Promise<number> {
  const row = await db
    .selectFrom('ledger_posting')
    .select((select) => select.fn.sum<number | null>('amount').as('sum'))
    .where('account', '=', account)
    .where('unit', '=', unit)
    .executeTakeFirst();
  return row?.sum ?? 0;
}
