/** Writes the ledger and everything it rests on as bundle lines, from one moment of the database. */
import { canonicalJson } from '@commonworks/core/canonical-json.ts';
import { GENESIS_HASH, type LedgerEntry } from '@commonworks/core/ledger/index.ts';
import type { InputRow, PeriodHeader, ResultRow } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { unpackRows } from '../settlement/codec.ts';
import type { SettlementTables } from '../settlement/schema.ts';
import { ledgerHead } from './post-entry.ts';
import { sha256 } from './sha256.ts';

const PAGE_ROWS = 500;

/** Lines without their line feeds. Also on a read-only database beside a running server. */
export async function* exportBundle(db: Db, community: string): AsyncGenerator<string> {
  let rolling = GENESIS_HASH;
  let lines = 0;
  for await (const line of contentLines(db, community)) {
    rolling = sha256(`${rolling}\n${line}`);
    lines++;
    yield line;
  }
  yield canonicalJson({ end: { lines, sha256: rolling } });
}

async function* contentLines(db: Db, community: string): AsyncGenerator<string> {
  const head = await ledgerHead(db);
  yield canonicalJson({ bundle: 'commonworks', format: 1, community, head: { ...head } });
  for (const run of await runsUpTo(db, head.position)) {
    const header = JSON.parse(run.header) as PeriodHeader;
    const { id, version, period } = run;
    const hashes = { inputsHash: run.inputs_hash, resultsHash: run.results_hash };
    yield canonicalJson({ run: { id, version, period, createdMs: run.created_ms, ...hashes, header } });
    yield* dayLines(db, run.id);
  }
  yield* entryLines(db, head.position);
}

/** A run is posted in one transaction with its entries: it belongs to this moment when its newest entry does. */
async function runsUpTo(db: Db, position: number): Promise<SettlementTables['settlement_run'][]> {
  return await db
    .selectFrom('settlement_run as run')
    .leftJoin('ledger_entry as entry', 'entry.hash', 'run.ledger_head')
    .selectAll('run')
    .where((where) => where.or([where('entry.position', '<=', position), where('run.ledger_head', '=', GENESIS_HASH)]))
    .orderBy('run.month')
    .orderBy('run.version')
    .execute();
}

async function* dayLines(db: Db, run: string): AsyncGenerator<string> {
  const days = await db.selectFrom('settlement_day').select('day').where('run', '=', run).orderBy('day').execute();
  for (const { day } of days) {
    const blob = await db
      .selectFrom('settlement_day')
      .select(['inputs', 'results'])
      .where('run', '=', run)
      .where('day', '=', day)
      .executeTakeFirstOrThrow();
    const inputs = unpackRows<InputRow>(blob.inputs);
    const results = unpackRows<ResultRow>(blob.results);
    yield canonicalJson({ day, inputs: inputs.length, results: results.length });
    for (const row of inputs) yield canonicalJson(row);
    for (const row of results) yield canonicalJson(row);
  }
}

async function* entryLines(db: Db, last: number): AsyncGenerator<string> {
  for (let after = 0; after < last; after += PAGE_ROWS) {
    const rows = await db
      .selectFrom('ledger_entry')
      .select(['position', 'previous', 'hash', 'body'])
      .where('position', '>', after)
      .where('position', '<=', Math.min(last, after + PAGE_ROWS))
      .orderBy('position')
      .execute();
    for (const { position, previous, hash, body } of rows) {
      yield canonicalJson({ entry: { position, previous, hash, body: JSON.parse(body) as LedgerEntry } });
    }
  }
}
