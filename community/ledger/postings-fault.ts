/** Compares the table of postings, from which balances are summed, with the chained entries. */
import type { LedgerEntry } from '@commonworks/core/ledger/index.ts';
import type { Db } from '../database.ts';

const PAGE_ROWS = 500;

/** Names the first entry whose postings differ, or null. */
export async function postingsFault(db: Db): Promise<string | null> {
  for (let after = 0; ; after += PAGE_ROWS) {
    const entries = await db
      .selectFrom('ledger_entry')
      .select(['position', 'body'])
      .where('position', '>', after)
      .where('position', '<=', after + PAGE_ROWS)
      .orderBy('position')
      .execute();
    const last = entries.at(-1)?.position;
    if (last === undefined) return null;
    const rows = await db
      .selectFrom('ledger_posting')
      .selectAll()
      .where('position', '>', after)
      .where('position', '<=', last)
      .orderBy('position')
      .orderBy('line')
      .execute();
    const byEntry = Map.groupBy(rows, (row) => row.position);
    for (const { position, body } of entries) {
      const stored = (byEntry.get(position) ?? []).map(({ account, unit, amount }) => ({ account, unit, amount }));
      const stated = (JSON.parse(body) as LedgerEntry).postings.map(({ account, unit, amount }) => ({
        account,
        unit,
        amount,
      }));
      if (JSON.stringify(stored) !== JSON.stringify(stated))
        return `the postings of entry ${position} are not those of the entry`;
    }
  }
}
