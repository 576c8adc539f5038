/** States of a register's judgement, kept ever more sparsely: any change is judged again from a state not long before it. */
import { invariant, type Span } from '@commonworks/core';
import { type Checkpoint, CounterPoint, type CounterState } from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import type { Target } from './point-register.ts';

/** One state in two hours; after 8 hours one in 8, after 32 one in 32 and so on: some twenty for years. */
const FINEST_MS = 2 * 3_600_000;
const COARSER = 4;

export async function checkpointUpTo(tx: Db, { point, direction }: Target, timeMs: number): Promise<Checkpoint | null> {
  const row = await tx
    .selectFrom('counter_checkpoint')
    .selectAll()
    .where('point_no', '=', point.no)
    .where('direction', '=', direction)
    .where('time_ms', '<=', timeMs)
    .orderBy('time_ms', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { timeMs: row.time_ms, state: decodeState(row.state), reachMs: row.reach_ms };
}

/** Replaces the states after `fromMs`, and thins those before. */
export async function keepCheckpoints(
  tx: Db,
  target: Target,
  of: { fromMs: number; checkpoints: readonly Checkpoint[] },
): Promise<void> {
  await dropCheckpoints(tx, target, { fromMs: of.fromMs + 1, toMs: Number.MAX_SAFE_INTEGER });
  const known = await tx
    .selectFrom('counter_checkpoint')
    .select('time_ms')
    .where('point_no', '=', target.point.no)
    .where('direction', '=', target.direction)
    .orderBy('time_ms')
    .execute();
  const fresh = of.checkpoints.filter(({ timeMs }) => timeMs > of.fromMs);
  const newestMs = fresh.at(-1)?.timeMs ?? known.at(-1)?.time_ms ?? 0;
  const times = [...known.map((row) => row.time_ms), ...fresh.map(({ timeMs }) => timeMs)];
  const kept = thinned(times, newestMs);
  for (const { time_ms } of known) {
    if (!kept.has(time_ms)) await dropCheckpoints(tx, target, { fromMs: time_ms, toMs: time_ms + 1 });
  }
  const rows = fresh
    .filter(({ timeMs }) => kept.has(timeMs))
    .map(({ timeMs, state, reachMs }) => ({
      ...{ point_no: target.point.no, direction: target.direction, time_ms: timeMs },
      ...{ state: encodeState(state), reach_ms: reachMs },
    }));
  for (const chunk of inChunks(rows)) await tx.insertInto('counter_checkpoint').values(chunk).execute();
}

export async function dropCheckpoints(tx: Db, { point, direction }: Target, span: Span): Promise<void> {
  await tx
    .deleteFrom('counter_checkpoint')
    .where('point_no', '=', point.no)
    .where('direction', '=', direction)
    .where('time_ms', '>=', span.fromMs)
    .where('time_ms', '<', span.toMs)
    .execute();
}

/** The first of each stretch; stretches are the longer the older they are. */
export function thinned(timesMs: readonly number[], newestMs: number): Set<number> {
  const kept = new Map<string, number>();
  for (const timeMs of timesMs) {
    let lengthMs = FINEST_MS;
    while (newestMs - timeMs > COARSER * lengthMs) lengthMs *= COARSER;
    const stretch = `${lengthMs}/${Math.floor(timeMs / lengthMs)}`;
    if (!kept.has(stretch)) kept.set(stretch, timeMs);
  }
  return new Set(kept.values());
}

/** The keys of a point stand in the schema: rows of values are a third as long. */
const POINT_KEYS = Object.keys(CounterPoint.properties) as (keyof CounterPoint)[];

export function encodeState({ recent, breaks, slackMwh }: CounterState): string {
  const row = (point: CounterPoint) => POINT_KEYS.map((key) => point[key]);
  return JSON.stringify([
    POINT_KEYS,
    recent.map(row),
    breaks.map(({ before, after, ...rest }) => ({ ...rest, before: row(before), after: row(after) })),
    slackMwh,
  ]);
}

type EncodedBreak = { before: unknown[]; after: unknown[] };

export function decodeState(text: string): CounterState {
  const [keys, recent, breaks, slackMwh] = JSON.parse(text) as [string[], unknown[][], EncodedBreak[], number];
  invariant(keys.length === POINT_KEYS.length, 'a state is read as it was written');
  const point = (row: unknown[]) => Object.fromEntries(keys.map((key, i) => [key, row[i]]));
  return {
    recent: recent.map(point),
    breaks: breaks.map(({ before, after, ...rest }) => ({ ...rest, before: point(before), after: point(after) })),
    slackMwh,
  } as unknown as CounterState;
}
