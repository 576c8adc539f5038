/** Keeps the few readings that can ever serve as an interval's edge, and says which are new. */
import { QUARTER_HOUR_MS } from '@commonworks/core';
import { KEPT_FIRST, keptOfInterval } from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { takeAllowance } from '../edge-budgets/allowance.ts';
import { COMMUNITY_BUDGETS } from '../edge-budgets/community-budgets.ts';
import { noteOver } from '../edge-budgets/over-budget.ts';
import { inChunks } from '../in-chunks.ts';
import type { SeriesNews } from './decode-entries.ts';

/** What changed in one series: times of new readings and steps from which intervals can be derived, ascending. */
export type SeriesChange = {
  readonly edge: string;
  readonly device: string;
  readonly point: string;
  readonly timesMs: readonly number[];
  /** Of a new last reading of its newest quarter hour, which counts once another meter of the point went on from it. */
  readonly tailMs: number | null;
};

type Kept = { time_ms: number; mwh: number; quality: number; source_no: number; seq: number };

/** Null when nothing that is kept changed: also when it is a register too many of its edge. */
export async function keepRegisters(tx: Db, news: SeriesNews): Promise<SeriesChange | null> {
  const newest = news.readings.reduce((most, { timeMs }) => Math.max(most, timeMs), 0);
  const series = await touchSeries(tx, news, newest);
  if (series === null) return null;
  const sourceNo = await sourceNumbers(tx, news);
  const readings: Kept[] = news.readings.map(({ timeMs, mwh, quality, epoch, seq }) => ({
    time_ms: timeMs,
    mwh,
    quality,
    source_no: sourceNo.get(epoch) ?? 0,
    seq,
  }));
  const timesMs = new Set<number>();
  let tailMs: number | null = null;
  for (const slots of runsOfSlots(readings)) {
    const merged = await mergeRun(tx, series, slots);
    for (const time of merged.derivable) timesMs.add(time);
    tailMs ??= merged.tailMs;
  }
  const allowance = { edge: news.edge, budget: 'steps', atMs: news.receivedMs } as const;
  for (const step of news.steps.slice(0, await takeAllowance(tx, allowance, news.steps.length))) {
    await tx
      .insertInto('counter_step')
      .values({
        series_no: series.no,
        time_ms: step.timeMs,
        kind: step.kind,
        before_mwh: step.beforeMwh,
        after_mwh: step.afterMwh,
        credited_mwh: step.creditedMwh,
        source_no: sourceNo.get(step.epoch) ?? 0,
        seq: step.seq,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    timesMs.add(step.timeMs);
  }
  if (timesMs.size === 0 && tailMs === null) return null;
  const { edge, device, point } = news;
  const sorted = [...timesMs].sort((a, b) => a - b);
  return { edge, device, point, timesMs: sorted, tailMs };
}

async function sourceNumbers(tx: Db, news: SeriesNews): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  for (const epoch of new Set([...news.readings, ...news.steps].map((item) => item.epoch))) {
    const { edge } = news;
    const find = () =>
      tx.selectFrom('source').select('no').where('edge', '=', edge).where('epoch', '=', epoch).executeTakeFirst();
    const row =
      (await find()) ??
      (await tx.insertInto('source').values({ edge, epoch }).returning('no').executeTakeFirstOrThrow());
    numbers.set(epoch, row.no);
  }
  return numbers;
}

async function touchSeries(
  tx: Db,
  news: SeriesNews,
  newestMs: number,
): Promise<{ no: number; newest_ms: number } | null> {
  const { edge, device, point } = news;
  const known = await tx
    .selectFrom('series')
    .select(['no', 'newest_ms'])
    .where('edge', '=', edge)
    .where('device', '=', device)
    .where('point', '=', point)
    .executeTakeFirst();
  if (known === undefined) {
    if (await isOneTooMany(tx, news)) return null;
    const values = { edge, device, point, newest_ms: newestMs };
    return await tx.insertInto('series').values(values).returning(['no', 'newest_ms']).executeTakeFirstOrThrow();
  }
  if (newestMs <= known.newest_ms) return known;
  await tx.updateTable('series').set({ newest_ms: newestMs }).where('no', '=', known.no).execute();
  return { no: known.no, newest_ms: newestMs };
}

async function isOneTooMany(tx: Db, { edge, receivedMs }: SeriesNews): Promise<boolean> {
  const { n } = await tx
    .selectFrom('series')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('edge', '=', edge)
    .executeTakeFirstOrThrow();
  if (n < COMMUNITY_BUDGETS.seriesPerEdge) return false;
  await noteOver(tx, { edge, budget: 'series', atMs: receivedMs });
  return true;
}

const slotOf = (timeMs: number) => Math.floor(timeMs / QUARTER_HOUR_MS);

/** Readings grouped into runs of neighbouring quarter hours, so that a late one does not read the months between. */
function runsOfSlots(readings: readonly Kept[]): Kept[][] {
  const runs: Kept[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const reading of readings.toSorted((a, b) => a.time_ms - b.time_ms)) {
    const slot = slotOf(reading.time_ms);
    if (slot - last > 8) runs.push([]);
    runs.at(-1)?.push(reading);
    last = slot;
  }
  return runs;
}

/**
 * Merges a run into what is stored; returns the times from which something can be derived. A reading that only continues
 * the running quarter hour is kept, but counts when the next one begins, of whichever meter of the point.
 */
async function mergeRun(
  tx: Db,
  series: { no: number; newest_ms: number },
  run: readonly Kept[],
): Promise<{ derivable: readonly number[]; tailMs: number | null }> {
  const fromMs = slotOf(run[0]?.time_ms ?? 0) * QUARTER_HOUR_MS;
  const toMs = (slotOf(run.at(-1)?.time_ms ?? 0) + 1) * QUARTER_HOUR_MS;
  const stored = await tx
    .selectFrom('register_sample')
    .select(['time_ms', 'mwh', 'quality', 'source_no', 'seq'])
    .where('series_no', '=', series.no)
    .where('time_ms', '>=', fromMs)
    .where('time_ms', '<', toMs)
    .execute();
  const newestSlot = slotOf(series.newest_ms);
  const known = new Set(stored.map((row) => row.time_ms));
  const bySlot = new Map<number, Map<number, Kept>>();
  for (const row of [...stored, ...run]) {
    const slot = bySlot.get(slotOf(row.time_ms)) ?? new Map<number, Kept>();
    bySlot.set(slotOf(row.time_ms), slot);
    // The first value for a time is kept; the broker files the other among the dead letters.
    if (!slot.has(row.time_ms)) slot.set(row.time_ms, row);
  }
  const added: Kept[] = [];
  const dropped: number[] = [];
  const derivable: number[] = [];
  let tailMs: number | null = null;
  for (const slot of bySlot.values()) {
    const rows = [...slot.values()].sort((a, b) => a.time_ms - b.time_ms);
    const kept = new Set(keptOfInterval(rows));
    for (const [i, row] of rows.entries()) {
      const isKept = kept.has(row);
      if (isKept && !known.has(row.time_ms)) {
        added.push(row);
        if (i < KEPT_FIRST || slotOf(row.time_ms) < newestSlot) derivable.push(row.time_ms);
        else tailMs = row.time_ms;
      }
      if (!isKept && known.has(row.time_ms)) dropped.push(row.time_ms);
    }
  }
  for (const rows of inChunks(added)) {
    await tx
      .insertInto('register_sample')
      .values(rows.map((row) => ({ series_no: series.no, ...row })))
      .execute();
  }
  for (const time of dropped) {
    await tx.deleteFrom('register_sample').where('series_no', '=', series.no).where('time_ms', '=', time).execute();
  }
  return { derivable, tailMs };
}
