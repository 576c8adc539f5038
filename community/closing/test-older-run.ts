/** Writes a run as versions before format 2 wrote it: rows without a method, fingerprints over those. */
import { canonicalJson } from '@commonworks/core/canonical-json.ts';
import { entryId } from '@commonworks/core/ledger/index.ts';
import { dayHash, type InputRow, inputsHash, type PeriodHeader } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { sha256 } from '../ledger/sha256.ts';
import { packRows, unpackRows } from '../settlement/codec.ts';
import type { SettlementTables } from '../settlement/schema.ts';

/** The id of the run, which is then in `to`. */
export async function keepOlderRun(from: Db, to: Db, run: SettlementTables['settlement_run']): Promise<string> {
  const header = { ...(JSON.parse(run.header) as PeriodHeader), format: 1 as const };
  const days = await from.selectFrom('settlement_day').selectAll().where('run', '=', run.id).orderBy('day').execute();
  const older = days.map((day) => ({
    ...day,
    rows: unpackRows<InputRow>(day.inputs).map((row) => row.slice(0, 15) as InputRow),
  }));
  const inputs = inputsHash(
    header,
    older.map(({ day, rows }) => ({ day, hash: dayHash(rows, sha256) })),
    sha256,
  );
  const id = entryId(['run', header.community, run.month, run.version, inputs], sha256);
  const row = { ...run, id, header: canonicalJson(header), inputs_hash: inputs };
  await to.insertInto('settlement_run').values(row).execute();
  for (const { rows, day, results } of older) {
    await to
      .insertInto('settlement_day')
      .values({ run: id, day, inputs: packRows(rows), results })
      .execute();
  }
  return id;
}
