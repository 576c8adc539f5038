/** A metering point's register over a window of time, put together from the devices that measured it. */
import { mwhFromWh, qualityOfRank, type Span } from '@commonworks/core';
import type { Judgement, RegisterSample } from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { type Assignment, DIRECTION_POINTS, type Direction, type PointRecord } from '../register/points.ts';

/** One of a point's registers. */
export type Target = { readonly point: PointRecord; readonly direction: Direction };

/** A reading with the pack it came in, and how much its register was shifted by judged steps before it. */
export type TracedSample = RegisterSample & {
  readonly source: number;
  readonly seq: number;
  readonly shiftMwh: number;
};

export type RegisterWindow = {
  readonly samples: readonly TracedSample[];
  /** Steps that an agent judged itself; in the samples they are plain rises. */
  readonly told: readonly Judgement[];
};

/** The point's readings from every device assigned to it, each within its assignment, as one register. */
export async function readWindow(tx: Db, target: Target, window: Span): Promise<RegisterWindow> {
  const samples: TracedSample[] = [];
  const told: Judgement[] = [];
  for (const assignment of target.point.assignments) {
    const fromMs = Math.max(window.fromMs, assignment.fromMs);
    const toMs = Math.min(window.toMs + 1, assignment.toMs ?? Number.MAX_SAFE_INTEGER);
    if (fromMs >= toMs) continue;
    const series = await tx
      .selectFrom('series')
      .select('no')
      .where('edge', '=', assignment.edge)
      .where('device', '=', assignment.device)
      .where('point', '=', DIRECTION_POINTS[target.direction])
      .executeTakeFirst();
    if (series === undefined) continue;
    const part = await seriesWindow(tx, { no: series.no, assignment }, { fromMs, toMs });
    samples.push(...part.samples);
    told.push(...part.told);
  }
  return { samples: samples.sort((a, b) => a.timeMs - b.timeMs), told };
}

/**
 * An agent may know its device and judge resets and rollovers itself: what it credited is added to every later reading, so
 * that the register goes on rising. A swap it could not credit begins another meter. Without its word the counter engine
 * judges, as it does for all that our own edge sends.
 */
async function seriesWindow(
  tx: Db,
  series: { no: number; assignment: Assignment },
  span: Span,
): Promise<RegisterWindow> {
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
    .select(['time_ms', 'kind', 'before_mwh', 'after_mwh', 'credited_mwh'])
    .where('series_no', '=', series.no)
    .where('time_ms', '>', span.fromMs)
    .where('time_ms', '<', span.toMs)
    .where('kind', 'in', ['reset', 'rollover', 'swap'])
    .orderBy('time_ms')
    .execute();
  const { edge, device, registerModulusWh } = series.assignment;
  const modulus = registerModulusWh === null ? {} : { modulusMwh: mwhFromWh(registerModulusWh) };
  let next = 0;
  let shiftMwh = 0;
  let meters = 0;
  const samples = rows.map((row) => {
    for (; next < steps.length && (steps[next]?.time_ms ?? 0) <= row.time_ms; next++) {
      const step = steps[next];
      if (step === undefined || step.credited_mwh === null) meters++;
      else shiftMwh += step.before_mwh + step.credited_mwh - step.after_mwh;
    }
    return {
      timeMs: row.time_ms,
      mwh: row.mwh + shiftMwh,
      quality: qualityOfRank(row.quality),
      meter: `${edge}/${device}#${meters}`,
      ...modulus,
      source: row.source_no,
      seq: row.seq,
      shiftMwh,
    };
  });
  return { samples, told: steps.filter((step) => step.credited_mwh !== null).map(judgementOf) };
}

function judgementOf(step: {
  time_ms: number;
  kind: Judgement['kind'];
  before_mwh: number;
  after_mwh: number;
  credited_mwh: number | null;
}): Judgement {
  return {
    timeMs: step.time_ms,
    kind: step.kind,
    beforeMwh: step.before_mwh,
    afterMwh: step.after_mwh,
    creditedMwh: step.credited_mwh,
  };
}
