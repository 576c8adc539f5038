/** Whether the ledger of a database file is one unbroken chain, without the frozen inputs that `commonworks verify` checks. */
import { EMPTY_HEAD, type LedgerHead, linkHash } from '@commonworks/core/ledger/index.ts';
import type { Db } from '../database.ts';
import { postingsFault } from './postings-fault.ts';
import { sha256 } from './sha256.ts';

const PAGE_ROWS = 500;

/** `head`: the last entry that is right. Reads with any version of the schema: these columns were there in the first. */
export async function checkChain(db: Db): Promise<{ head: LedgerHead; fault: string | null }> {
  let head: LedgerHead = EMPTY_HEAD;
  for (;;) {
    const rows = await db
      .selectFrom('ledger_entry')
      .select(['position', 'body', 'previous', 'hash'])
      .where('position', '>', head.position)
      .orderBy('position')
      .limit(PAGE_ROWS)
      .execute();
    if (rows.length === 0) return { head, fault: await postingsFault(db) };
    for (const row of rows) {
      const { position, previous, hash } = row;
      const isNext = position === head.position + 1 && previous === head.hash && linkHash(row, sha256) === hash;
      if (!isNext) return { head, fault: `entry ${position} does not follow entry ${head.position}` };
      head = { position, hash };
    }
  }
}
