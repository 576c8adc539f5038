/** The intervals behind a settled statement, from the frozen rows: what was billed, whatever came later. */
import { qualityOfRank } from '@commonworks/core';
import type { ShareInterval } from '@commonworks/core/api/index.ts';
import type { InputRow, PeriodHeader, ResultRow } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { unpackRows } from './codec.ts';
import { addIntervals } from './member-share.ts';
import { firstRun } from './runs.ts';

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
  const own = new Set(header.points.flatMap((point, place) => (point.owner === of.member ? [place] : [])));
  const intervals: ShareInterval[] = [];
  for (const [startMs, rows] of Map.groupBy(unpackRows<InputRow>(day.inputs), (row) => row[2])) {
    const produced = rows.reduce((sum, row) => sum + (row[1] === 1 ? (row[8] ?? 0) : 0), 0);
    const parts = rows
      .filter((row) => own.has(row[0]) && row[1] === 0)
      .map((row) => frozenInterval(row, results.get(`${row[0]}/0/${startMs}`), produced));
    const [first, ...rest] = parts;
    if (first !== undefined) intervals.push(rest.reduce(addIntervals, first));
  }
  return intervals;
}

function frozenInterval(row: InputRow, result: ResultRow | undefined, productionMwh: number): ShareInterval {
  return {
    startMs: row[2],
    consumedMwh: row[8],
    offeredMwh: result?.[3] ?? null,
    allocatedMwh: result?.[4] ?? null,
    residualMwh: result?.[5] ?? null,
    productionMwh,
    openingMwh: row[3],
    closingMwh: row[4],
    quality: qualityOfRank(row[10]),
    coveragePct: row[9] / 10_000,
    roundingMicroMwh: result?.[6] ?? 0,
  };
}
