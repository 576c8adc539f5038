/** What keeps a month open, register by register: intervals measured, estimated, typed, missing, and energy unplaced. */
import { setImmediate as breathe } from 'node:timers/promises';
import { QUARTER_HOUR_MS, qualityRank, type Span } from '@commonworks/core';
import type { MonthReadiness, RegisterReadiness } from '@commonworks/core/api/index.ts';
import { joinStarts, openMatters, type RegisterFacts } from '@commonworks/core/closing/index.ts';
import { SHARED_DIRECTIONS, SUBSTITUTE_METHOD } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { type EffectiveInterval, effectiveIntervals } from '../metering/effective-interval.ts';
import { isAssigned } from '../metering/rules.ts';
import { DIRECTION_POINTS, type PointRecord } from '../register/points.ts';
import { type PeriodScope, periodScope } from '../settlement/period-scope.ts';
import { latestRun } from '../settlement/runs.ts';
import { memberRef } from './names.ts';
import { type AccountRegister, accountFrom } from './register-account.ts';
import type { ClosingTables } from './schema.ts';

/** Longer lists help nobody decide; the counts are whole. */
const SPANS_MAX = 100;

/** An edge between two near readings is interpolated everywhere; only what fills a gap is an estimate to be judged. */
const NEAR_METHOD = 'interpolated';

export type ReadinessQuery = { readonly zone: string; readonly month: string; readonly nowMs: number };
type Decision = Omit<ClosingTables['closing_decision'], 'no'>;
type Series = { readonly edge: string; readonly device: string; readonly point: string; readonly newest_ms: number };
type Known = { readonly decisions: readonly Decision[]; readonly series: readonly Series[] };

/** People and places by reference. Null when the month has no tariff or no metering point. Reads each register's month once, and lets others run between. */
export async function monthReadiness(db: Db, query: ReadinessQuery): Promise<MonthReadiness | null> {
  const { month, nowMs } = query;
  const scope = await periodScope(db, query.zone, month);
  if (scope === null) return null;
  const known: Known = {
    decisions: await db.selectFrom('closing_decision').selectAll().where('month', '=', month).orderBy('no').execute(),
    series: await db.selectFrom('series').selectAll().execute(),
  };
  const registers: RegisterReadiness[] = [];
  for (const point of scope.points) {
    registers.push(...(await pointReadiness(db, { scope, point }, known)));
    await breathe();
  }
  const { fromMs, toMs } = scope.span;
  const isOver = nowMs >= toMs;
  return {
    month,
    ...{ fromMs, toMs, isOver },
    version: (await latestRun(db, month))?.version ?? 0,
    isReady: isOver && registers.every(({ open }) => open.length === 0),
    registers,
  };
}

async function pointReadiness(
  db: Db,
  { scope, point }: { scope: PeriodScope; point: PointRecord },
  known: Known,
): Promise<RegisterReadiness[]> {
  const span = { fromMs: scope.firstMs, toMs: scope.span.toMs };
  const rows = await effectiveIntervals(db, span, point.no);
  const starts: number[] = [];
  for (let start = span.fromMs; start < span.toMs; start += QUARTER_HOUR_MS) {
    if (isAssigned(point, start, start + QUARTER_HOUR_MS)) starts.push(start);
  }
  const registers: RegisterReadiness[] = [];
  for (const direction of SHARED_DIRECTIONS[point.role]) {
    const account = await accountFrom(db, { point, direction }, { span, rows });
    const counted = countRows(
      starts,
      new Map(rows.filter((row) => row.direction === direction).map((row) => [row.start_ms, row])),
    );
    const unplacedMwh = account.unplaced.reduce((sum, { remainingMwh }) => sum + Math.abs(remainingMwh), 0);
    const placed = joinStarts(counted.placedStarts);
    const facts: RegisterFacts = {
      ...{ expected: starts.length, missing: counted.missingStarts.length, placed: counted.placedStarts.length },
      longestPlacedMs: Math.max(0, ...placed.map(({ fromMs, toMs }) => toMs - fromMs)),
      unplacedMwh,
    };
    const decided = known.decisions.filter((one) => one.point_no === point.no && one.direction === direction);
    registers.push({
      ...account,
      role: point.role,
      owner: point.member === null ? null : memberRef(point.member),
      newestMs: newestOf({ point, direction }, { span, series: known.series }),
      ...{ expected: facts.expected, measured: counted.measured, estimated: counted.estimated },
      ...{ placed: facts.placed, substituted: counted.substituted, missing: facts.missing },
      missingSpans: spansOf(joinStarts(counted.missingStarts)),
      placedSpans: spansOf(placed),
      decisions: decided.map((one) => ({
        ...{ matter: one.matter, isAccepted: one.is_accepted === 1, reason: one.reason },
        ...{ author: memberRef(one.author), createdMs: one.created_ms },
      })),
      open: openMatters(
        facts,
        decided.map(({ matter, is_accepted, extent }) => ({ matter, isAccepted: is_accepted === 1, extent })),
      ),
    });
  }
  return registers;
}

function countRows(starts: readonly number[], byStart: ReadonlyMap<number, EffectiveInterval>) {
  const counted = {
    measured: 0,
    estimated: 0,
    substituted: 0,
    placedStarts: [] as number[],
    missingStarts: [] as number[],
  };
  for (const start of starts) {
    const row = byStart.get(start);
    if (row === undefined || row.energy_mwh === null) counted.missingStarts.push(start);
    else if (row.method === SUBSTITUTE_METHOD) counted.substituted++;
    else if (row.quality === qualityRank('good')) counted.measured++;
    else {
      counted.estimated++;
      if (row.method !== null && row.method !== NEAR_METHOD) counted.placedStarts.push(start);
    }
  }
  return counted;
}

function spansOf(spans: readonly Span[]) {
  return spans
    .slice(0, SPANS_MAX)
    .map(({ fromMs, toMs }) => ({ fromMs, toMs, intervals: (toMs - fromMs) / QUARTER_HOUR_MS }));
}

/** Of the device that measures the point at the month's end, or measured it last. */
function newestOf(
  { point, direction }: AccountRegister,
  { span, series }: { span: Span; series: readonly Series[] },
): number | null {
  const device = point.assignments.findLast(({ fromMs }) => fromMs < span.toMs);
  const own = series.find(
    (one) => one.edge === device?.edge && one.device === device.device && one.point === DIRECTION_POINTS[direction],
  );
  return own === undefined || own.newest_ms === 0 ? null : own.newest_ms;
}
