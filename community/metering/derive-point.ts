/** Interval energy of one metering point and direction, derived again where its registers changed. */
import { QUARTER_HOUR_MS, qualityRank, type Span } from '@commonworks/core';
import {
  type CounterFacts,
  type DerivedIntervals,
  deriveIntervals,
  METERING_CONTEXT_MS,
  touchedIntervals,
} from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import type { PointRecord } from '../register/points.ts';
import { keepJudgements } from './keep-judgements.ts';
import type { SeriesChange } from './keep-registers.ts';
import { readWindow, type Target, type TracedSample } from './register-window.ts';
import type { IntervalRow } from './schema.ts';

type IntervalEnergy = DerivedIntervals['intervals'][number];

/** Inverters and gateways renew their energy register every few minutes, some every quarter hour. */
const REFRESH_MS = QUARTER_HOUR_MS;

/** Readings of many months are taken a month at a time. */
const CLUSTER_MAX_MS = 31 * 86_400_000;

/**
 * Starts of the intervals whose row changed. Intervals that are not over yet are left for later.
 * @param change.within whole intervals; none outside is touched. Everything when absent.
 */
export async function derivePoint(
  tx: Db,
  target: Target,
  change: Pick<SeriesChange, 'timesMs' | 'newestMs'> & { readonly within?: Span },
): Promise<number[]> {
  const changed: number[] = [];
  const { fromMs, toMs } = change.within ?? { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  const isWanted = (start: number) => start >= fromMs && start + QUARTER_HOUR_MS <= Math.min(toMs, change.newestMs);
  const options = { facts: factsOf(target.point), lengthMs: QUARTER_HOUR_MS };
  for (const times of clusters(change.timesMs)) {
    const window = await readWindow(tx, target, {
      fromMs: (times[0] ?? 0) - METERING_CONTEXT_MS,
      toMs: (times.at(-1) ?? 0) + METERING_CONTEXT_MS,
    });
    const { samples } = window;
    // Touched intervals follow each other without a hole.
    const starts = touchedIntervals(samples, { ...options, lateMs: times }).filter(isWanted);
    const [first, last] = [starts[0], starts.at(-1)];
    if (first === undefined || last === undefined) continue;
    const span = { fromMs: first, toMs: last + QUARTER_HOUR_MS };
    const derived = deriveIntervals(samples, { ...options, span });
    changed.push(...(await writeChanged(tx, target, { derived: derived.intervals, samples, span })));
    await keepJudgements(tx, target, { span, judgements: derived.judgements, window });
  }
  return changed;
}

/** Where a register wraps is a fact of the meter, and comes with its readings. */
function factsOf({ ratedPowerW }: PointRecord): CounterFacts {
  return { refreshMs: REFRESH_MS, ...(ratedPowerW !== null && { ratedPowerW }) };
}

/** Times further apart than twice the context of the counter engine are derived on their own. */
function clusters(times: readonly number[]): number[][] {
  const result: number[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    const isApart = time - last > 2 * METERING_CONTEXT_MS || time - (result.at(-1)?.[0] ?? time) > CLUSTER_MAX_MS;
    if (isApart) result.push([]);
    result.at(-1)?.push(time);
    last = time;
  }
  return result;
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
