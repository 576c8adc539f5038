/** A metering point's register, put together from the devices that measured it, one after the other. */
import { intervalStart, mwhFromWh, qualityOfRank, type Span } from '@commonworks/core';
import { type Judgement, KEPT_FIRST, type PowerSpan, type RegisterSample } from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { type SwapJoin, swapJoins } from '../meter-swap/join-swaps.ts';
import { type Assignment, DIRECTION_POINTS, type Direction, type PointRecord } from '../register/points.ts';
import { serialChanges } from './keep-identity.ts';
import { powerSpans } from './keep-power.ts';

/** One of a point's registers. */
export type Target = { readonly point: PointRecord; readonly direction: Direction };

/** A reading with the pack it came in, and how much its register was shifted by judged steps before it. */
export type TracedSample = RegisterSample & {
  readonly source: number;
  readonly seq: number;
  readonly shiftMwh: number;
};

type Step = {
  readonly time_ms: number;
  readonly kind: Judgement['kind'];
  readonly before_mwh: number;
  readonly after_mwh: number;
  readonly credited_mwh: number | null;
};

/** What one assignment contributes: half-open in time. */
export type RegisterPart = {
  readonly assignment: Assignment;
  readonly toMs: number;
  /** Null while nothing was read. */
  readonly series: { readonly no: number; readonly newestMs: number } | null;
  /** Steps that an agent judged itself, ascending. */
  readonly steps: readonly Step[];
};

export type PointRegister = {
  readonly target: Target;
  readonly parts: readonly RegisterPart[];
  readonly joins: readonly SwapJoin[];
  /** When another meter began to count and nobody read both of them, ascending. */
  readonly breaksMs: readonly number[];
  /** Of the newest reading, or of the last exchange told; null when there is none. */
  readonly newestMs: number | null;
  /** Steps told by an agent or a person; in the samples they are plain rises. */
  readonly told: readonly Judgement[];
};

export async function openRegister(tx: Db, target: Target): Promise<PointRegister> {
  const { point, direction } = target;
  const parts: RegisterPart[] = [];
  for (const assignment of point.assignments) parts.push(await partOf(tx, assignment, direction));
  const swaps = await tx
    .selectFrom('meter_swap')
    .selectAll()
    .where('point_no', '=', point.no)
    .where('direction', '=', direction)
    .orderBy('time_ms')
    .execute();
  const joins = await swapJoins(tx, swaps, parts);
  const newest = [
    ...parts.flatMap(({ series, toMs }) => (series === null ? [] : [Math.min(series.newestMs, toMs)])),
    ...joins.map(({ swap }) => swap.time_ms),
  ];
  const isExplained = (timeMs: number) =>
    joins.some(({ swap, firstMs }) => timeMs >= swap.time_ms && timeMs <= firstMs);
  const breaksMs = (await meterBreaks(tx, parts, joins)).filter((timeMs) => !isExplained(timeMs));
  const credited = parts.flatMap(({ steps }) => steps.filter(({ credited_mwh }) => credited_mwh !== null));
  return {
    ...{ target, parts, joins },
    breaksMs: breaksMs.sort((a, b) => a - b),
    newestMs: newest.length === 0 ? null : Math.max(...newest),
    told: [...credited.map(judgementOf), ...joins.map(({ told }) => told)],
  };
}

async function partOf(tx: Db, assignment: Assignment, direction: Direction): Promise<RegisterPart> {
  const { edge, device, fromMs } = assignment;
  const toMs = assignment.toMs ?? Number.MAX_SAFE_INTEGER;
  const series = await tx
    .selectFrom('series')
    .select(['no', 'newest_ms as newestMs'])
    .where('edge', '=', edge)
    .where('device', '=', device)
    .where('point', '=', DIRECTION_POINTS[direction])
    .executeTakeFirst();
  if (series === undefined) return { assignment, toMs, series: null, steps: [] };
  const steps = await tx
    .selectFrom('counter_step')
    .select(['time_ms', 'kind', 'before_mwh', 'after_mwh', 'credited_mwh'])
    .where('series_no', '=', series.no)
    .where('time_ms', '>', fromMs)
    .where('time_ms', '<', toMs)
    .where('kind', 'in', ['reset', 'rollover', 'swap'])
    .orderBy('time_ms')
    .execute();
  const isRead = series.newestMs >= fromMs;
  return { assignment, toMs, series: isRead ? series : null, steps };
}

/** Another device, another serial number, or the word of an agent that it could not credit. */
async function meterBreaks(tx: Db, parts: readonly RegisterPart[], joins: readonly SwapJoin[]): Promise<number[]> {
  const breaks: number[] = [];
  for (const [i, part] of parts.entries()) {
    const before = parts[i - 1];
    if (before !== undefined && !goesOn(before, part)) breaks.push(part.assignment.fromMs);
    for (const step of part.steps) if (step.credited_mwh === null) breaks.push(step.time_ms);
    breaks.push(...(await serialChanges(tx, part, joins)));
  }
  return breaks;
}

function goesOn(before: RegisterPart, after: RegisterPart): boolean {
  const { edge, device, fromMs } = after.assignment;
  return before.assignment.edge === edge && before.assignment.device === device && before.toMs === fromMs;
}

/** What an agent credited up to then is added to every later reading, so that the register goes on rising. */
export function creditedUntil({ steps }: RegisterPart, timeMs: number): number {
  let shiftMwh = 0;
  for (const { time_ms, before_mwh, after_mwh, credited_mwh } of steps) {
    if (time_ms > timeMs) break;
    if (credited_mwh !== null) shiftMwh += before_mwh + credited_mwh - after_mwh;
  }
  return shiftMwh;
}

/** How much what a meter showed then was shifted; the reading at an exchange is the old meter's. */
export function shiftAt({ parts, joins }: PointRegister, timeMs: number): number {
  const join = joins.findLast(({ swap }) => swap.time_ms < timeMs);
  const part = parts.find(({ assignment, toMs }) => timeMs >= assignment.fromMs && timeMs < toMs);
  return (join?.shiftMwh ?? 0) + (part === undefined ? 0 : creditedUntil(part, timeMs));
}

/** The point's readings of a span, as one register. */
export async function readSamples(tx: Db, register: PointRegister, span: Span): Promise<TracedSample[]> {
  const { fromMs, toMs } = span;
  const samples: TracedSample[] = [];
  // The quarter hour that the newest reading of any of the point's meters is in: more of it may come.
  const runningMs = intervalStart(register.newestMs ?? 0);
  const exchanged = new Set(register.joins.map(({ swap }) => swap.time_ms));
  const base = createSampleOf(register);
  for (const part of register.parts) {
    if (part.series === null || part.toMs <= fromMs || part.assignment.fromMs >= toMs) continue;
    const rows = await tx
      .selectFrom('register_sample')
      .select(['time_ms', 'mwh', 'quality', 'source_no', 'seq'])
      .where('series_no', '=', part.series.no)
      .where('time_ms', '>=', Math.max(fromMs, part.assignment.fromMs))
      .where('time_ms', '<', Math.min(toMs, part.toMs))
      .orderBy('time_ms')
      .execute();
    const lastMs = toMs <= runningMs ? toMs : await lastThatCounts(tx, part.series.no, runningMs);
    for (const row of rows) {
      if (exchanged.has(row.time_ms) || row.time_ms > lastMs) continue;
      const read = base(row.time_ms, row.mwh, part);
      samples.push({ ...read, quality: qualityOfRank(row.quality), source: row.source_no, seq: row.seq });
    }
  }
  for (const { swap, beforeMwh } of register.joins) {
    if (swap.time_ms < fromMs || swap.time_ms >= toMs) continue;
    const part = register.parts.findLast(({ assignment }) => assignment.fromMs < swap.time_ms);
    const read = base(swap.time_ms, swap.final_mwh, part);
    const mwh = swap.final_mwh + beforeMwh;
    samples.push({ ...read, mwh, shiftMwh: beforeMwh, quality: 'good', source: swap.source_no, seq: 0 });
  }
  return samples.sort((a, b) => a.timeMs - b.timeMs);
}

/** Of a running quarter hour only what stays: the last reading kept of it goes when another one comes. */
async function lastThatCounts(tx: Db, seriesNo: number, runningMs: number): Promise<number> {
  const rows = await tx
    .selectFrom('register_sample')
    .select('time_ms')
    .where('series_no', '=', seriesNo)
    .where('time_ms', '>=', runningMs)
    .orderBy('time_ms')
    .limit(KEPT_FIRST)
    .execute();
  return rows.at(-1)?.time_ms ?? runningMs;
}

type Read = Omit<TracedSample, 'quality' | 'source' | 'seq'>;

function createSampleOf(register: PointRegister): (timeMs: number, mwh: number, part?: RegisterPart) => Read {
  const { breaksMs, joins } = register;
  return (timeMs, mwh, part) => {
    const join = joins.findLast(({ swap }) => swap.time_ms < timeMs);
    const shiftMwh = (join?.shiftMwh ?? 0) + (part === undefined ? 0 : creditedUntil(part, timeMs));
    const modulusWh = part?.assignment.registerModulusWh ?? null;
    const meters = breaksMs.filter((one) => one <= timeMs).length;
    return {
      ...{ timeMs, mwh: mwh + shiftMwh, meter: `meter ${meters + 1}`, shiftMwh },
      ...(modulusWh !== null && { modulusMwh: mwhFromWh(modulusWh) }),
    };
  };
}

/** What the powers of the same devices say flowed through the register. */
export async function readPower(tx: Db, { parts, target }: PointRegister, fromMs: number): Promise<PowerSpan[]> {
  const spans: PowerSpan[] = [];
  for (const { assignment, toMs } of parts) {
    const { edge, device } = assignment;
    const span = { fromMs: Math.max(fromMs, assignment.fromMs), toMs };
    if (span.fromMs < span.toMs)
      spans.push(...(await powerSpans(tx, { edge, device, direction: target.direction }, span)));
  }
  return spans;
}

function judgementOf(step: Step): Judgement {
  return {
    timeMs: step.time_ms,
    kind: step.kind,
    beforeMwh: step.before_mwh,
    afterMwh: step.after_mwh,
    creditedMwh: step.credited_mwh,
  };
}
