/** Interval energy of one metering point and direction, derived again from where its register changed. */
import { QUARTER_HOUR_MS, qualityRank, type Span } from '@commonworks/core';
import {
  type CounterFacts,
  deriveSince,
  type IntervalEnergy,
  type Rederived,
  type RegisterStore,
} from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import type { PointRecord } from '../register/points.ts';
import { checkpointUpTo, dropCheckpoints, keepCheckpoints } from './checkpoints.ts';
import { openGapBook } from './gap-rules.ts';
import { keepJudgements } from './keep-judgements.ts';
import { keepUnplaced } from './keep-unplaced.ts';
import {
  openRegister,
  type PointRegister,
  readPower,
  readSamples,
  type Target,
  type TracedSample,
} from './point-register.ts';
import type { IntervalRow } from './schema.ts';

/** Inverters and gateways renew their energy register every few minutes, some every quarter hour. */
const REFRESH_MS = QUARTER_HOUR_MS;

export type PointChange = {
  /** Nothing before it changed since the last derivation. */
  readonly changedMs: number;
  /** Whole intervals: what is known of the meter changed, and only these are written. Everything when absent. */
  readonly within?: Span;
};

export type DerivedPoint = {
  /** Starts of the intervals whose row changed. */
  readonly changed: readonly number[];
  /** Of all intervals that have a row now, from the first one touched on; null without a reading. */
  readonly span: Span | null;
};

/** Intervals that are not over yet are left for later. */
export async function derivePoint(tx: Db, target: Target, change: PointChange): Promise<DerivedPoint> {
  const register = await openRegister(tx, target);
  const { newestMs } = register;
  if (newestMs === null) return { changed: [], span: null };
  const { within } = change;
  if (within !== undefined) await dropCheckpoints(tx, target, { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
  const facts = factsOf(target.point);
  const gaps = await openGapBook(tx, { register, facts });
  let samples: TracedSample[] = [];
  const store: RegisterStore = {
    checkpointUpTo: (timeMs) => checkpointUpTo(tx, target, timeMs),
    readFrom: async ({ fromMs, powerFromMs, after }) => {
      samples = await readSamples(tx, register, { fromMs, toMs: Number.MAX_SAFE_INTEGER });
      await gaps.prepare(samples, after);
      return { samples, power: await readPower(tx, register, powerFromMs), newestMs };
    },
  };
  const changedMs = within === undefined ? change.changedMs : 0;
  const derived = await deriveSince(changedMs, store, { facts, lengthMs: QUARTER_HOUR_MS, gapRule: gaps.rules });
  const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER - 1 };
  return await keepDerived(tx, register, { derived, samples, span: within ?? everything });
}

/** Where a register wraps is a fact of the meter, and comes with its readings. */
function factsOf({ ratedPowerW }: PointRecord): CounterFacts {
  return { refreshMs: REFRESH_MS, ...(ratedPowerW !== null && { ratedPowerW }) };
}

type Derived = { readonly derived: Rederived; readonly samples: readonly TracedSample[]; readonly span: Span };

async function keepDerived(tx: Db, register: PointRegister, of: Derived): Promise<DerivedPoint> {
  const { derived, span } = of;
  const { placed } = derived;
  const changed = await writeChanged(tx, register, of);
  // A step belongs to the interval it ends in, or with.
  const judged = { fromMs: Math.max(span.fromMs + 1, derived.fromMs), toMs: span.toMs + 1 };
  await keepJudgements(tx, register, { span: judged, judgements: derived.judgements });
  await keepUnplaced(tx, register.target, { derived, span });
  await keepCheckpoints(tx, register.target, derived);
  return { changed, span: placed.span };
}

async function writeChanged(tx: Db, register: PointRegister, of: Derived): Promise<number[]> {
  const { point, direction } = register.target;
  const { placed } = of.derived;
  const span = {
    fromMs: Math.max(of.span.fromMs, placed.span.fromMs),
    toMs: Math.min(of.span.toMs, placed.span.toMs),
  };
  const existing = await tx
    .selectFrom('interval')
    .selectAll()
    .where('point_no', '=', point.no)
    .where('direction', '=', direction)
    .where('start_ms', '>=', span.fromMs)
    .where('start_ms', '<', span.toMs)
    .execute();
  const known = new Map(existing.map((row) => [row.start_ms, row]));
  const trace = await tracer(tx, register, of);
  const rows: IntervalRow[] = [];
  for (const interval of placed.intervals) {
    if (interval.startMs < span.fromMs || interval.startMs >= span.toMs) continue;
    const before = known.get(interval.startMs);
    const row = intervalRow(register.target, interval, { trace, version: (before?.version ?? 0) + 1 });
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
          method: set.ref('excluded.method'),
          version: set.ref('excluded.version'),
        })),
      )
      .execute();
  }
  return rows.map((row) => row.start_ms);
}

type Trace = (timeMs: number | null) => Pick<TracedSample, 'source' | 'seq' | 'shiftMwh'> | undefined;

/** Finds the reading behind an edge; one from before the readings at hand is read for itself. */
async function tracer(tx: Db, register: PointRegister, { samples, derived }: Derived): Promise<Trace> {
  const { intervals } = derived.placed;
  const byTime = new Map(samples.map((sample) => [sample.timeMs, sample]));
  const edges = intervals.flatMap(({ openingMs, closingMs }) => [openingMs, closingMs]);
  const earlier = edges.filter((timeMs) => timeMs !== null && !byTime.has(timeMs)) as number[];
  if (earlier.length > 0) {
    const span = { fromMs: Math.min(...earlier), toMs: Math.max(...earlier) + 1 };
    for (const sample of await readSamples(tx, register, span)) byTime.set(sample.timeMs, sample);
  }
  return (timeMs) => (timeMs === null ? undefined : byTime.get(timeMs));
}

function intervalRow(target: Target, interval: IntervalEnergy, from: { trace: Trace; version: number }): IntervalRow {
  const opening = from.trace(interval.openingMs);
  const closing = from.trace(interval.closingMs);
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
    method: interval.method,
    version: from.version,
  };
}

function isSameMeasurement(a: IntervalRow, b: IntervalRow): boolean {
  const fields = Object.keys(b) as (keyof IntervalRow)[];
  return fields.every((field) => field === 'version' || a[field] === b[field]);
}
