/** Reading runs back: by month, with their sums computed from the frozen results. */
import type { Settlement, StorageSums } from '@commonworks/core/api/index.ts';
import { type InputRow, type LineTotal, type PeriodHeader, tallyPeriod } from '@commonworks/core/settlement/index.ts';
import { type Names, nameReferences, pointRef, readNames } from '../closing/names.ts';
import type { Db } from '../database.ts';
import { unpackRows } from './codec.ts';
import type { SettlementTables } from './schema.ts';

type KeptSums = Omit<StorageSums, 'pointName'>;
type SettlementRun = SettlementTables['settlement_run'];

export async function latestRun(db: Db, month: string): Promise<SettlementRun | null> {
  const row = await db
    .selectFrom('settlement_run')
    .selectAll()
    .where('month', '=', month)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The run that closed the month: its statements show this one's figures; later versions post corrections elsewhere. */
export async function firstRun(db: Db, month: string): Promise<SettlementRun | null> {
  const row = await db
    .selectFrom('settlement_run')
    .selectAll()
    .where('month', '=', month)
    .orderBy('version')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** Newest month first, newest version first. */
export async function listSettlements(db: Db): Promise<Settlement[]> {
  const rows = await db
    .selectFrom('settlement_run')
    .selectAll()
    .orderBy('month', 'desc')
    .orderBy('version', 'desc')
    .execute();
  const names = await readNames(db);
  return rows.map((run) => settlementOf(run, names));
}

export function settlementOf(run: SettlementRun, names: Names): Settlement {
  return {
    id: run.id,
    month: run.month,
    version: run.version,
    method: run.method,
    status: 'settled',
    reasons: (JSON.parse(run.notes) as string[]).map((note) => nameReferences(note, names)),
    productionMwh: run.production_mwh,
    allocatedMwh: run.allocated_mwh,
    surplusMwh: run.surplus_mwh,
    storage: (JSON.parse(run.storage) as KeptSums[]).map((sums) => ({
      ...sums,
      pointName: nameReferences(pointRef(sums.point), names),
    })),
    inputsHash: run.inputs_hash,
    ledgerHead: run.ledger_head,
    createdMs: run.created_ms,
  };
}

/** The run's sums per metering point, register and tariff, from its frozen inputs. */
export async function runTotals(db: Db, run: SettlementRun): Promise<LineTotal[]> {
  const tally = tallyPeriod(JSON.parse(run.header) as PeriodHeader);
  const days = await db
    .selectFrom('settlement_day')
    .select('inputs')
    .where('run', '=', run.id)
    .orderBy('day')
    .execute();
  for (const { inputs } of days) {
    const rows = unpackRows<InputRow>(inputs);
    for (const interval of Map.groupBy(rows, (row) => row[2]).values()) tally.settle(interval);
  }
  return tally.totals();
}
