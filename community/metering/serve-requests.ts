/** Derives and shares again what a change of the register touched: a device assigned late, a tariff dated back. */
import { intervalStart, type Span } from '@commonworks/core';
import type { Selectable } from 'kysely';
import type { Db } from '../database.ts';
import { listPoints, type PointRecord, ROLE_DIRECTIONS } from '../register/points.ts';
import { dropCheckpoints } from './checkpoints.ts';
import { derivePoint } from './derive-point.ts';
import { dropJudgements } from './keep-judgements.ts';
import { dropUnplaced } from './keep-unplaced.ts';
import type { Target } from './point-register.ts';
import type { MeteringTables } from './schema.ts';
import { shareStarts } from './share-starts.ts';

type DeriveRequest = Selectable<MeteringTables['derive_request']>;

/** Intervals shared in one transaction: a tenth of a second. */
const STARTS_MAX = 500;

/** Serving a request may ask for what follows from it, and that is served with all that is later: no third round is needed. */
const ROUNDS_MAX = 10;

/** Requests are removed once served, so that a crash serves them again: everything here can be repeated. */
export async function serveRequests(db: Db): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const requests = await db.selectFrom('derive_request').selectAll().orderBy('no').execute();
    if (requests.length === 0) return;
    await serve(db, requests);
  }
}

async function serve(db: Db, requests: readonly DeriveRequest[]): Promise<void> {
  const starts = new Set<number>();
  const points = await listPoints(db);
  /** From here on every interval is shared again, so that nothing asked for meanwhile is left. */
  let wholeFromMs = Number.POSITIVE_INFINITY;
  for (const group of Map.groupBy(requests, (request) => `${request.point_no}/${request.to_ms}`).values()) {
    const fromMs = intervalStart(Math.min(...group.map((request) => request.from_ms)));
    const point = points.find((one) => one.no === group[0]?.point_no);
    const toMs = group[0]?.to_ms ?? null;
    if (point === undefined && toMs === null) wholeFromMs = Math.min(wholeFromMs, fromMs);
    const changed =
      point === undefined
        ? await startsWithin(db, { fromMs, toMs: toMs ?? Number.MAX_SAFE_INTEGER })
        : await deriveAgain(db, point, { fromMs, toMs });
    for (const start of changed) starts.add(start);
  }
  const sorted = [...starts].sort((a, b) => a - b);
  const served = requests.map(({ no }) => no);
  for (let i = 0; i < sorted.length; i += STARTS_MAX) {
    const some = sorted.slice(i, i + STARTS_MAX);
    const untilMs = sorted[i + STARTS_MAX];
    const { request } = await db.transaction().execute((tx) => shareStarts(tx, some, { untilMs }));
    if (request !== null && (some[0] ?? 0) >= wholeFromMs) served.push(request);
  }
  for (const no of served) await db.deleteFrom('derive_request').where('no', '=', no).execute();
}

async function startsWithin(db: Db, span: Span): Promise<number[]> {
  const starts = new Set<number>();
  for (const table of ['interval', 'substitute_value'] as const) {
    const rows = await db
      .selectFrom(table)
      .select('start_ms')
      .distinct()
      .where('start_ms', '>=', span.fromMs)
      .where('start_ms', '<', span.toMs)
      .execute();
    for (const row of rows) starts.add(row.start_ms);
  }
  return [...starts];
}

/** Starts of all intervals that changed, came or went; without an end also of those beside. */
async function deriveAgain(db: Db, point: PointRecord, of: { fromMs: number; toMs: number | null }): Promise<number[]> {
  return await db.transaction().execute(async (tx) => {
    const starts: number[] = [];
    const { fromMs, toMs } = of;
    for (const direction of ROLE_DIRECTIONS[point.role]) {
      const target = { point, direction };
      // A state before the change holds; those after were of other readings.
      await dropCheckpoints(tx, target, { fromMs: fromMs + 1, toMs: Number.MAX_SAFE_INTEGER });
      const change = { changedMs: fromMs, ...(toMs !== null && { within: { fromMs, toMs } }) };
      const { changed, span } = await derivePoint(tx, target, change);
      starts.push(...changed);
      if (toMs === null) starts.push(...(await dropGone(tx, target, { fromMs, derived: span })));
    }
    return starts;
  });
}

/** What the point had from a device that does not measure it any more. */
async function dropGone(
  tx: Db,
  target: Target,
  { fromMs, derived }: { fromMs: number; derived: Span | null },
): Promise<number[]> {
  const gone = new Set<number>();
  const rest =
    derived === null
      ? [{ fromMs, toMs: Number.MAX_SAFE_INTEGER }]
      : [
          { fromMs, toMs: derived.fromMs },
          { fromMs: Math.max(fromMs, derived.toMs), toMs: Number.MAX_SAFE_INTEGER },
        ];
  for (const span of rest.filter((one) => one.fromMs < one.toMs)) {
    for (const table of ['interval', 'interval_share'] as const) {
      const rows = await tx
        .deleteFrom(table)
        .where('point_no', '=', target.point.no)
        .where('direction', '=', target.direction)
        .where('start_ms', '>=', span.fromMs)
        .where('start_ms', '<', span.toMs)
        .returning('start_ms')
        .execute();
      for (const row of rows) gone.add(row.start_ms);
    }
    await dropJudgements(tx, target, { fromMs: span.fromMs + 1, toMs: span.toMs });
    await dropUnplaced(tx, target, { ...span, endedAfterMs: 0 });
  }
  return [...gone];
}
