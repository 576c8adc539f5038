/** Derives and shares again what a change of the register touched: a device assigned late, a tariff dated back. */
import { intervalStart, type Span } from '@commonworks/core';
import type { Db } from '../database.ts';
import { DIRECTION_POINTS, listPoints, type PointRecord, ROLE_DIRECTIONS } from '../register/points.ts';
import { derivePoint } from './derive-point.ts';
import { dropJudgements } from './keep-judgements.ts';
import { shareStarts } from './share-starts.ts';

/** Intervals shared in one transaction: a tenth of a second. */
const STARTS_MAX = 500;

/** Requests are removed once served, so that a crash serves them again: everything here can be repeated. */
export async function serveRequests(db: Db): Promise<void> {
  const requests = await db.selectFrom('derive_request').selectAll().orderBy('no').execute();
  if (requests.length === 0) return;
  const starts = new Set<number>();
  const points = await listPoints(db);
  for (const group of Map.groupBy(requests, (request) => `${request.point_no}/${request.to_ms}`).values()) {
    const fromMs = intervalStart(Math.min(...group.map((request) => request.from_ms)));
    const point = points.find((one) => one.no === group[0]?.point_no);
    const toMs = group[0]?.to_ms ?? null;
    const changed = point === undefined ? await startsFrom(db, fromMs) : await deriveAgain(db, point, { fromMs, toMs });
    for (const start of changed) starts.add(start);
  }
  const sorted = [...starts].sort((a, b) => a - b);
  for (let i = 0; i < sorted.length; i += STARTS_MAX) {
    const some = sorted.slice(i, i + STARTS_MAX);
    await db.transaction().execute((tx) => shareStarts(tx, some));
  }
  await db
    .deleteFrom('derive_request')
    .where('no', '<=', requests.at(-1)?.no ?? 0)
    .execute();
}

async function startsFrom(db: Db, fromMs: number): Promise<number[]> {
  const rows = await db.selectFrom('interval').select('start_ms').distinct().where('start_ms', '>=', fromMs).execute();
  return rows.map((row) => row.start_ms);
}

/** Starts of all intervals the point had or now has from then on; without an end also of those beside that changed. */
async function deriveAgain(db: Db, point: PointRecord, of: { fromMs: number; toMs: number | null }): Promise<number[]> {
  const span: Span = { fromMs: of.fromMs, toMs: of.toMs ?? Number.MAX_SAFE_INTEGER };
  return await db.transaction().execute(async (tx) => {
    const starts: number[] = [];
    for (const table of ['interval', 'interval_share'] as const) {
      const gone = await tx
        .deleteFrom(table)
        .where('point_no', '=', point.no)
        .where('start_ms', '>=', span.fromMs)
        .where('start_ms', '<', span.toMs)
        .returning('start_ms')
        .execute();
      starts.push(...gone.map((row) => row.start_ms));
    }
    for (const direction of ROLE_DIRECTIONS[point.role]) {
      await dropJudgements(tx, { point, direction }, span);
      const readings = await readingsOf(tx, { point, name: DIRECTION_POINTS[direction], span });
      const change = { ...readings, ...(of.toMs !== null && { within: span }) };
      starts.push(...(await derivePoint(tx, { point, direction }, change)));
    }
    return starts;
  });
}

/** With the reading at the span's end, which closes its last interval. */
async function readingsOf(tx: Db, of: { point: PointRecord; name: string; span: Span }) {
  const times = new Set<number>();
  let newestMs = 0;
  for (const { edge, device, fromMs, toMs } of of.point.assignments) {
    const rows = await tx
      .selectFrom('series')
      .innerJoin('register_sample as sample', 'sample.series_no', 'series.no')
      .select(['sample.time_ms', 'series.newest_ms'])
      .where('series.edge', '=', edge)
      .where('series.device', '=', device)
      .where('series.point', '=', of.name)
      .where('sample.time_ms', '>=', Math.max(fromMs, of.span.fromMs))
      .where('sample.time_ms', '<=', of.span.toMs)
      .where('sample.time_ms', '<', toMs ?? Number.MAX_SAFE_INTEGER)
      .execute();
    for (const row of rows) {
      times.add(row.time_ms);
      newestMs = Math.max(newestMs, row.newest_ms);
    }
  }
  return { timesMs: [...times].sort((a, b) => a - b), newestMs };
}
