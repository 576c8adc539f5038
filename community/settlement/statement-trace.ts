/** The intervals behind a settled statement, from the frozen rows: what was billed, whatever came later. */
import { daySpan, qualityOfRank } from '@commonworks/core';
import type { ShareInterval } from '@commonworks/core/api/index.ts';
import {
  type InputRow,
  methodOf,
  type PeriodHeader,
  type ResultRow,
  SUBSTITUTE_METHOD,
} from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { unpackRows } from './codec.ts';
import { addIntervals } from './member-share.ts';
import { firstRun } from './runs.ts';
import type { SettlementRun } from './settle-month.ts';

/** Null when that day was not settled. */
export async function settledIntervals(db: Db, of: { member: string; day: string }): Promise<ShareInterval[] | null> {
  const run = await firstRun(db, of.day.slice(0, 7));
  if (run === null) return null;
  const day = await db
    .selectFrom('settlement_day')
    .select(['inputs', 'results'])
    .where('run', '=', run.id)
    .where('day', '=', of.day)
    .executeTakeFirst();
  if (day === undefined) return null;
  const header = JSON.parse(run.header) as PeriodHeader;
  const results = new Map(unpackRows<ResultRow>(day.results).map((row) => [`${row[0]}/${row[1]}/${row[2]}`, row]));
  const reasons = await typedReasons(db, run, of.day);
  const own = new Set(header.points.flatMap((point, place) => (point.owner === of.member ? [place] : [])));
  const intervals: ShareInterval[] = [];
  for (const [startMs, rows] of Map.groupBy(unpackRows<InputRow>(day.inputs), (row) => row[2])) {
    const produced = producedIn(header, { startMs, rows, results });
    const parts = rows
      .filter((row) => own.has(row[0]) && row[1] === 0)
      .map((row) =>
        frozenInterval(row, results.get(`${row[0]}/0/${startMs}`), {
          productionMwh: produced,
          reason: reasons.get(`${header.points[row[0]]?.id}/${startMs}`) ?? null,
        }),
      );
    const [first, ...rest] = parts;
    if (first !== undefined) intervals.push(rest.reduce(addIntervals, first));
  }
  return intervals;
}

/** What there was to share: of a storage whose origin was followed, only what had been the community's. */
function producedIn(
  header: PeriodHeader,
  of: { startMs: number; rows: readonly InputRow[]; results: ReadonlyMap<string, ResultRow> },
): number {
  const tariff = header.tariffs.findLast(({ fromMs }) => fromMs <= of.startMs);
  return of.rows.reduce((sum, row) => {
    if (row[1] === 0) return sum;
    const offered = of.results.get(`${row[0]}/1/${of.startMs}`)?.[3] ?? 0;
    return sum + (tariff?.storageOrigin === undefined ? (row[8] ?? 0) : offered);
  }, 0);
}

/** Of what counted when the run was made; consumption only. */
async function typedReasons(db: Db, run: SettlementRun, day: string): Promise<Map<string, string>> {
  const { zone } = JSON.parse(run.header) as PeriodHeader;
  const { fromMs, toMs } = daySpan(day, zone);
  const rows = await db
    .selectFrom('substitute_value as value')
    .innerJoin('metering_point as point', 'point.no', 'value.point_no')
    .select(['point.id', 'value.start_ms', 'value.reason'])
    .where('value.direction', '=', 0)
    .where('value.start_ms', '>=', fromMs)
    .where('value.start_ms', '<', toMs)
    .where('value.created_ms', '<=', run.created_ms)
    .where((where) =>
      where.or([where('value.withdrawn_ms', 'is', null), where('value.withdrawn_ms', '>', run.created_ms)]),
    )
    .orderBy('value.no')
    .execute();
  return new Map(rows.map((row) => [`${row.id}/${row.start_ms}`, row.reason]));
}

function frozenInterval(
  row: InputRow,
  result: ResultRow | undefined,
  of: { productionMwh: number; reason: string | null },
): ShareInterval {
  const method = methodOf(row);
  return {
    startMs: row[2],
    consumedMwh: row[8],
    offeredMwh: result?.[3] ?? null,
    allocatedMwh: result?.[4] ?? null,
    residualMwh: result?.[5] ?? null,
    productionMwh: of.productionMwh,
    openingMwh: row[3],
    closingMwh: row[4],
    quality: qualityOfRank(row[10]),
    coveragePct: row[9] / 10_000,
    roundingMicroMwh: result?.[6] ?? 0,
    method,
    reason: method === SUBSTITUTE_METHOD ? of.reason : null,
  };
}
