/** Interval energy of one metering point and direction, derived again where its registers changed. */
import { QUARTER_HOUR_MS, qualityOfRank, qualityRank } from '@commonworks/core';
import {
  type DerivedIntervals,
  deriveIntervals,
  METERING_CONTEXT_MS,
  type RegisterSample,
  touchedIntervals,
} from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import { DIRECTION_POINTS, type Direction, type PointRecord } from '../register/points.ts';
import type { SeriesChange } from './keep-registers.ts';
import type { IntervalRow } from './schema.ts';

type IntervalEnergy = DerivedIntervals['intervals'][number];
type Target = { readonly point: PointRecord; readonly direction: Direction };
type Span = { readonly fromMs: number; readonly toMs: number };

/** A reading with the pack it came in, and how much its register was shifted by judged steps before it. */
type TracedSample = RegisterSample & {
  readonly source: number;
  readonly seq: number;
  readonly shiftMwh: number;
};

/** Starts of the intervals whose row changed. Intervals that are not over yet are left for later. */
export async function derivePoint(
  tx: Db,
  target: Target,
  change: Pick<SeriesChange, 'timesMs' | 'newestMs'>,
): Promise<number[]> {
  const changed: number[] = [];
  for (const times of clusters(change.timesMs)) {
    const window = {
      fromMs: (times[0] ?? 0) - METERING_CONTEXT_MS,
      toMs: (times.at(-1) ?? 0) + METERING_CONTEXT_MS,
    };
    const samples = await windowSamples(tx, target, window);
    const options = { facts: {}, lengthMs: QUARTER_HOUR_MS };
    const starts = touchedIntervals(samples, { ...options, lateMs: times }).filter(
      (start) => start + QUARTER_HOUR_MS <= change.newestMs,
    );
    const [first, last] = [starts[0], starts.at(-1)];
    if (first === undefined || last === undefined) continue;
    const span = { fromMs: first, toMs: last + QUARTER_HOUR_MS };
    const touched = new Set(starts);
    const derived = deriveIntervals(samples, { ...options, span }).intervals.filter(({ startMs }) =>
      touched.has(startMs),
    );
    changed.push(...(await writeChanged(tx, target, { derived, samples, span })));
  }
  return changed;
}

/** Times further apart than twice the context of the counter engine are derived on their own. */
function clusters(times: readonly number[]): number[][] {
  const result: number[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (time - last > 2 * METERING_CONTEXT_MS) result.push([]);
    result.at(-1)?.push(time);
    last = time;
  }
  return result;
}

/** The point's readings from every device assigned to it, each within its assignment, as one register. */
async function windowSamples(tx: Db, target: Target, window: Span): Promise<TracedSample[]> {
  const samples: TracedSample[] = [];
  for (const assignment of target.point.assignments) {
    const fromMs = Math.max(window.fromMs, assignment.fromMs);
    const toMs = Math.min(window.toMs + 1, assignment.toMs ?? Number.MAX_SAFE_INTEGER);
    if (fromMs >= toMs) continue;
    const { edge, device } = assignment;
    const series = await tx
      .selectFrom('series')
      .select('no')
      .where('edge', '=', edge)
      .where('device', '=', device)
      .where('point', '=', DIRECTION_POINTS[target.direction])
      .executeTakeFirst();
    if (series !== undefined) {
      samples.push(...(await seriesSamples(tx, { no: series.no, meter: `${edge}/${device}` }, { fromMs, toMs })));
    }
  }
  return samples.sort((a, b) => a.timeMs - b.timeMs);
}

/**
 * The edge knows the device and has judged resets and rollovers: what it credited is added to every later reading, so
 * that the register goes on rising. A swap it could not credit begins another meter.
 */
async function seriesSamples(tx: Db, series: { no: number; meter: string }, span: Span): Promise<TracedSample[]> {
  const rows = await tx
    .selectFrom('register_sample')
    .selectAll()
    .where('series_no', '=', series.no)
    .where('time_ms', '>=', span.fromMs)
    .where('time_ms', '<', span.toMs)
    .orderBy('time_ms')
    .execute();
  const steps = await tx
    .selectFrom('counter_step')
    .select(['time_ms', 'before_mwh', 'after_mwh', 'credited_mwh'])
    .where('series_no', '=', series.no)
    .where('time_ms', '>', span.fromMs)
    .where('time_ms', '<', span.toMs)
    .where('kind', 'in', ['reset', 'rollover', 'swap'])
    .orderBy('time_ms')
    .execute();
  let next = 0;
  let shiftMwh = 0;
  let meters = 0;
  return rows.map((row) => {
    for (; next < steps.length && (steps[next]?.time_ms ?? 0) <= row.time_ms; next++) {
      const step = steps[next];
      if (step === undefined || step.credited_mwh === null) meters++;
      else shiftMwh += step.before_mwh + step.credited_mwh - step.after_mwh;
    }
    return {
      timeMs: row.time_ms,
      mwh: row.mwh + shiftMwh,
      quality: qualityOfRank(row.quality),
      meter: `${series.meter}#${meters}`,
      source: row.source_no,
      seq: row.seq,
      shiftMwh,
    };
  });
}

async function writeChanged(
  tx: Db,
  target: Target,
  from: { derived: readonly IntervalEnergy[]; samples: readonly TracedSample[]; span: Span },
): Promise<number[]> {
  const { point, direction } = target;
  const existing = await tx
    .selectFrom('interval')
    .selectAll()
    .where('point_no', '=', point.no)
    .where('direction', '=', direction)
    .where('start_ms', '>=', from.span.fromMs)
    .where('start_ms', '<', from.span.toMs)
    .execute();
  const known = new Map(existing.map((row) => [row.start_ms, row]));
  const byTime = new Map(from.samples.map((sample) => [sample.timeMs, sample]));
  const rows: IntervalRow[] = [];
  for (const interval of from.derived) {
    const before = known.get(interval.startMs);
    const row = intervalRow(target, interval, { byTime, version: (before?.version ?? 0) + 1 });
    if (before === undefined || !isSameMeasurement(before, row)) rows.push(row);
  }
  for (const chunk of inChunks(rows)) {
    await tx
      .insertInto('interval')
      .values(chunk)
      .onConflict((conflict) =>
        conflict.columns(['point_no', 'direction', 'start_ms']).doUpdateSet((set) => ({
          opening_mwh: set.ref('excluded.opening_mwh'),
          closing_mwh: set.ref('excluded.closing_mwh'),
          opening_ms: set.ref('excluded.opening_ms'),
          closing_ms: set.ref('excluded.closing_ms'),
          step_mwh: set.ref('excluded.step_mwh'),
          energy_mwh: set.ref('excluded.energy_mwh'),
          coverage_ppm: set.ref('excluded.coverage_ppm'),
          quality: set.ref('excluded.quality'),
          opening_source: set.ref('excluded.opening_source'),
          opening_seq: set.ref('excluded.opening_seq'),
          closing_source: set.ref('excluded.closing_source'),
          closing_seq: set.ref('excluded.closing_seq'),
          version: set.ref('excluded.version'),
        })),
      )
      .execute();
  }
  return rows.map((row) => row.start_ms);
}

function intervalRow(
  target: Target,
  interval: IntervalEnergy,
  from: { byTime: ReadonlyMap<number, TracedSample>; version: number },
): IntervalRow {
  const opening = interval.openingMs === null ? undefined : from.byTime.get(interval.openingMs);
  const closing = interval.closingMs === null ? undefined : from.byTime.get(interval.closingMs);
  const openingMwh = interval.openingMwh === null ? null : interval.openingMwh - (opening?.shiftMwh ?? 0);
  const closingMwh = interval.closingMwh === null ? null : interval.closingMwh - (closing?.shiftMwh ?? 0);
  const { energyMwh } = interval;
  const isMeasured = energyMwh !== null && openingMwh !== null && closingMwh !== null;
  return {
    point_no: target.point.no,
    direction: target.direction,
    start_ms: interval.startMs,
    opening_mwh: openingMwh,
    closing_mwh: closingMwh,
    opening_ms: interval.openingMs,
    closing_ms: interval.closingMs,
    step_mwh: isMeasured ? energyMwh - (closingMwh - openingMwh) : 0,
    energy_mwh: energyMwh,
    coverage_ppm: Math.round(interval.coveragePct * 10_000),
    quality: qualityRank(interval.quality),
    opening_source: opening?.source ?? null,
    opening_seq: opening?.seq ?? null,
    closing_source: closing?.source ?? null,
    closing_seq: closing?.seq ?? null,
    version: from.version,
  };
}

function isSameMeasurement(a: IntervalRow, b: IntervalRow): boolean {
  const fields = Object.keys(b) as (keyof IntervalRow)[];
  return fields.every((field) => field === 'version' || a[field] === b[field]);
}
