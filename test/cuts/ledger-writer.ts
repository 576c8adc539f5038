/** A process that posts entries and settles months in a real community database, and says each once it is answered: `node ledger-writer.ts FILE SEED`. */
import { createHash, randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { openDatabase } from '@commonworks/community/database.ts';
import { ledgerHead, postEntry } from '@commonworks/community/ledger/post-entry.ts';
import { settleMonth } from '@commonworks/community/settlement/settle-month.ts';
import { sessionEntry } from '@commonworks/core/ledger/index.ts';
import { storeFault } from '@commonworks/store/store-fault.ts';
import { seeded } from '../faults/real-time.ts';
import { COMMUNITY, MEMBER, MONTHS, NOW_MS } from './ledger-cast.ts';

export type SaidEntry = { readonly position: number; readonly id: string; readonly hash: string };
export type Said =
  | { readonly said: 'open'; readonly entries: (SaidEntry & { previous: string })[]; readonly runs: string[] }
  | ({ readonly said: 'posted' } & SaidEntry)
  | { readonly said: 'settled'; readonly run: string; readonly head: { position: number; hash: string } }
  /** What the server answers 503 for: the disk, nobody's request. */
  | { readonly said: 'failed'; readonly fault: string };

const [file = '', seed = '0'] = process.argv.slice(2);
const random = seeded(Number(seed));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const say = (line: Said) => writeSync(1, `${JSON.stringify(line)}\n`);

await using db = await openDatabase(file);
flushCompileCache();
const entries = await db
  .selectFrom('ledger_entry')
  .select(['position', 'id', 'hash', 'previous'])
  .orderBy('position')
  .execute();
const runs = await db.selectFrom('settlement_run').select(['id', 'month']).execute();
say({ said: 'open', entries, runs: runs.map((run) => run.id) });
const open = MONTHS.filter((month) => runs.every((run) => run.month !== month));
for (;;) {
  try {
    const month = random() < 0.1 ? open[0] : undefined;
    if (month === undefined) await post();
    else await settle(month);
  } catch (error) {
    say({ said: 'failed', fault: storeFault(error) ?? String(error) });
  }
}

async function post(): Promise<void> {
  const session = { session: randomUUID(), machine: randomUUID(), member: MEMBER, endMs: NOW_MS };
  const charge = { community: COMMUNITY.id, currency: 'EUR', runningS: 600, pricePerHour: '1200', ...session };
  const entry = sessionEntry(charge, '2027-01', sha256);
  if (entry === null) throw new Error('a session of ten minutes costs something');
  await db.transaction().execute((tx) => postEntry(tx, entry));
  const { position, hash } = await ledgerHead(db);
  say({ said: 'posted', position, id: entry.id, hash });
}

async function settle(month: string): Promise<void> {
  const decision = { reason: 'read four times a day', author: MEMBER };
  const result = await settleMonth(db, { community: COMMUNITY, month, nowMs: NOW_MS, missing: 'exclude', decision });
  if (!result.ok) throw new Error(result.message);
  open.shift();
  say({ said: 'settled', run: result.value.id, head: await ledgerHead(db) });
}
