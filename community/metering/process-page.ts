/** One page of the log in one transaction: readings kept, intervals derived, shares made, listeners told, cursor moved. */
import type { Db } from '../database.ts';
import { DIRECTION_POINTS, listPoints, type PointRecord, ROLE_DIRECTIONS } from '../register/points.ts';
import { counterNews, identityNews, powerNews } from './decode-entries.ts';
import { derivePoint } from './derive-point.ts';
import { followLoadCurve } from './gap-rules.ts';
import { keepIdentity } from './keep-identity.ts';
import { keepPower } from './keep-power.ts';
import { keepRegisters } from './keep-registers.ts';
import type { LogListener, LogRecord, Notice } from './log-listener.ts';
import { type LogPlace, METERING_READER, savePlace } from './log-place.ts';
import { type PlacePage, placeEntries } from './place-entries.ts';
import { shareStarts } from './share-starts.ts';
import { takeNew } from './taken-packs.ts';

/** The log position up to which everything is in this database. */
export async function metredCursor(db: Db): Promise<number> {
  const row = await db
    .selectFrom('log_cursor')
    .select('cursor')
    .where('reader', '=', METERING_READER)
    .executeTakeFirst();
  return row?.cursor ?? 0;
}

export type PageOutcome = { readonly notices: Notice[]; readonly changedStarts: number[] };

/** `next` is the cursor after the page, 0 for one that only judges again; `place` is then in which log that is. */
export type MeteredPage = PlacePage & { readonly next: number; readonly place?: LogPlace | undefined };

/** A page that was processed before is passed over, and so is a pack that was taken under another cursor. */
export async function processPage(db: Db, page: MeteredPage, listeners: readonly LogListener[]): Promise<PageOutcome> {
  return await db.transaction().execute(async (tx) => {
    const cursor = await metredCursor(tx);
    const after = page.entries.filter((entry) => entry.cursor > cursor);
    const entries = await takeNew(tx, after);
    const records = await placeEntries(tx, { ...page, entries });
    const changedStarts = await deriveChanged(tx, await keepNews(tx, records));
    await followLoadCurve(tx, changedStarts);
    const shared = await shareStarts(tx, changedStarts);
    const notices: Notice[] = [];
    for (const record of records) {
      for (const listener of listeners) await listener(tx, record, (notice) => notices.push(notice));
    }
    await moveCursor(tx, Math.max(cursor, page.next));
    if (page.place !== undefined && page.next >= cursor) await savePlace(tx, page.place);
    return { notices, changedStarts: [...new Set([...changedStarts, ...shared.starts])] };
  });
}

/** What of a device's registers changed, and when; of both registers when no one is named. */
type DeviceChange = {
  readonly edge: string;
  readonly device: string;
  readonly point: string | null;
  readonly timesMs: readonly number[];
  readonly tailMs?: number | null;
};

async function keepNews(tx: Db, records: readonly LogRecord[]): Promise<DeviceChange[]> {
  const changes: DeviceChange[] = [];
  for (const news of counterNews(records)) {
    const change = await keepRegisters(tx, news);
    if (change !== null) changes.push(change);
  }
  const note = ({ edge, device }: { edge: string; device: string }, changedMs: number | null) => {
    if (changedMs !== null) changes.push({ edge, device, point: null, timesMs: [changedMs] });
  };
  for (const change of await keepPower(tx, powerNews(records))) note(change, change.changedMs);
  for (const news of identityNews(records)) note(news, await keepIdentity(tx, news));
  return changes;
}

/** Each register once, from the earliest change on. Returns starts of changed intervals. */
async function deriveChanged(tx: Db, changes: readonly DeviceChange[]): Promise<number[]> {
  if (changes.length === 0) return [];
  const starts: number[] = [];
  const exchangedMs = await lastExchanges(tx);
  for (const point of await listPoints(tx)) {
    for (const direction of ROLE_DIRECTIONS[point.role]) {
      const name = DIRECTION_POINTS[direction];
      const own = changes.filter((change) => change.point === null || change.point === name);
      const changedMs = Math.min(...own.flatMap((change) => timesOf(change, point, exchangedMs.get(point.no) ?? 0)));
      if (changedMs === Number.POSITIVE_INFINITY) continue;
      const { changed } = await derivePoint(tx, { point, direction }, { changedMs });
      for (const start of changed) starts.push(start);
    }
  }
  return starts;
}

async function lastExchanges(tx: Db): Promise<Map<number, number>> {
  const rows = await tx
    .selectFrom('meter_swap')
    .select((select) => ['point_no', select.fn.max('time_ms').as('ms')])
    .groupBy('point_no')
    .execute();
  return new Map(rows.map((row) => [row.point_no, row.ms]));
}

function timesOf(change: DeviceChange, { assignments }: PointRecord, exchangedMs: number): number[] {
  const { edge, device, point, timesMs, tailMs = null } = change;
  const own = assignments.filter((one) => one.edge === edge && one.device === device);
  return own.flatMap((assignment) => {
    const { fromMs, toMs } = assignment;
    // Another meter may have gone on from it already.
    const isFollowed = tailMs !== null && (assignment !== assignments.at(-1) || tailMs < exchangedMs);
    const changedMs = isFollowed ? [...timesMs, tailMs].sort((a, b) => a - b) : timesMs;
    // What else is known of a device may change how its readings of later are judged.
    const leastMs = point === null ? 0 : fromMs;
    const times = changedMs.filter((timeMs) => timeMs >= leastMs && (toMs === null || timeMs < toMs));
    return times.length === 0 ? [] : [Math.max(times[0] ?? 0, fromMs)];
  });
}

export async function moveCursor(tx: Db, cursor: number): Promise<void> {
  await tx
    .insertInto('log_cursor')
    .values({ reader: METERING_READER, cursor })
    .onConflict((conflict) => conflict.column('reader').doUpdateSet({ cursor }))
    .execute();
}
