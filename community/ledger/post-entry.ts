/** The one way into the ledger: checked, chained, and at most once. */
import { CodedError, invariant } from '@commonworks/core';
import {
  chainEntry,
  EMPTY_HEAD,
  entryFault,
  type LedgerEntry,
  type LedgerHead,
} from '@commonworks/core/ledger/index.ts';
import type { Db } from '../database.ts';
import { sha256 } from './sha256.ts';

export async function ledgerHead(db: Db): Promise<LedgerHead> {
  const row = await db
    .selectFrom('ledger_entry')
    .select(['position', 'hash'])
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? EMPTY_HEAD;
}

/**
 * Within the caller's transaction. Posting the same entry again changes nothing.
 * @returns the entry's id, the `transaction` of the API.
 * @throws CodedError `community.ledger-refused` for an unbalanced entry, or another entry under a known id.
 */
export async function postEntry(tx: Db, entry: LedgerEntry): Promise<string> {
  invariant(tx.isTransaction, 'an entry and its cause are committed together');
  const fault = entryFault(entry);
  if (fault !== null) throw new CodedError('community.ledger-refused', `entry ${entry.id}: ${fault}`);
  const head = await ledgerHead(tx);
  const link = chainEntry(head, entry, sha256);
  const known = await tx.selectFrom('ledger_entry').select('body').where('id', '=', entry.id).executeTakeFirst();
  if (known !== undefined) {
    if (known.body === link.body) return entry.id;
    throw new CodedError('community.ledger-refused', `entry ${entry.id} was posted before with other figures`);
  }
  const { position, body, previous, hash } = link;
  const { community, id, kind, period, timeMs } = entry;
  await tx
    .insertInto('ledger_entry')
    .values({ position, community, id, kind, period, time_ms: timeMs, body, previous, hash })
    .execute();
  await tx
    .insertInto('ledger_posting')
    .values(entry.postings.map((posting, line) => ({ position, line, ...posting })))
    .execute();
  return id;
}
