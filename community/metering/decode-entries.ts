/** From log entries to what metering needs: packs with trusted times, counter readings and judged counter steps. */
import {
  ClockEvent,
  CounterEvent,
  decodePack,
  FUTURE_TOLERANCE_MS,
  isRegisterWh,
  type LogEntry,
  MONOTONIC_LIMIT_MS,
  mwhFromWh,
  PAST_TOLERANCE_MS,
  type Pack,
  qualityRank,
} from '@commonworks/core';
import { Value } from 'typebox/value';
import type { Db } from '../database.ts';
import type { LogRecord } from './log-listener.ts';

/** Packs kept for one boot while its clock is not trusted; more than a day of one pack a second. */
const PENDING_MAX = 100_000;

/**
 * Packs without trusted time wait in `pending_pack` until their boot's `clock` event; then they come out here, in order.
 * A pack that cannot be decoded was quarantined by the broker already and is passed over.
 */
export async function decodeEntries(tx: Db, entries: readonly LogEntry[]): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const offsets = new Map<string, number | null>();
  for (const entry of entries) {
    const pack = decodeOrNull(entry);
    if (pack === null) continue;
    for (const event of pack.events) {
      if (event.type === 'clock' && Value.Check(ClockEvent, event.body)) {
        const { offsetMs } = event.body;
        const boot = bootOf(pack.edge, event.body.boot);
        offsets.set(boot, offsetMs);
        await tx
          .insertInto('boot_clock')
          .values({ boot, offset_ms: offsetMs })
          .onConflict((conflict) => conflict.column('boot').doUpdateSet({ offset_ms: offsetMs }))
          .execute();
        records.push(...(await releasePending(tx, boot, offsetMs)));
      }
    }
    if (!hasMonotonicTime(pack)) records.push({ entry, pack: withinWindow(pack, entry) });
    else {
      const boot = bootOf(pack.edge, pack.boot);
      const offsetMs = await offsetOf(tx, boot, offsets);
      if (offsetMs === null) await keepPending(tx, boot, entry);
      else records.push({ entry, pack: withinWindow(shiftTimes(pack, offsetMs), entry) });
    }
  }
  return records;
}

/** A boot is its edge's own: no other edge may tell when it was. */
function bootOf(edge: string, boot: string): string {
  return `${edge}/${boot}`;
}

function decodeOrNull(entry: LogEntry): Pack | null {
  try {
    return decodePack(entry.body).pack;
  } catch {
    return null;
  }
}

function hasMonotonicTime(pack: Pack): boolean {
  return [...pack.samples, ...pack.events].some((item) => item.timeMs < MONOTONIC_LIMIT_MS);
}

function shiftTimes(pack: Pack, offsetMs: number): Pack {
  const shift = <T extends { timeMs: number }>(item: T): T =>
    item.timeMs < MONOTONIC_LIMIT_MS ? { ...item, timeMs: Math.round(item.timeMs + offsetMs) } : item;
  return { ...pack, samples: pack.samples.map(shift), events: pack.events.map(shift) };
}

/** What the broker set aside for its time counts for nobody: the same window, judged by when the pack was received. */
function withinWindow(pack: Pack, { receivedMs }: LogEntry): Pack {
  const isWithin = ({ timeMs }: { timeMs: number }): boolean =>
    timeMs >= receivedMs - PAST_TOLERANCE_MS && timeMs <= receivedMs + FUTURE_TOLERANCE_MS;
  return { ...pack, samples: pack.samples.filter(isWithin), events: pack.events.filter(isWithin) };
}

async function offsetOf(tx: Db, boot: string, known: Map<string, number | null>): Promise<number | null> {
  const cached = known.get(boot);
  if (cached !== undefined) return cached;
  const row = await tx.selectFrom('boot_clock').select('offset_ms').where('boot', '=', boot).executeTakeFirst();
  const offsetMs = row?.offset_ms ?? null;
  known.set(boot, offsetMs);
  return offsetMs;
}

async function keepPending(tx: Db, boot: string, entry: LogEntry): Promise<void> {
  const { n } = await tx
    .selectFrom('pending_pack')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('boot', '=', boot)
    .executeTakeFirstOrThrow();
  if (n >= PENDING_MAX) return;
  await tx
    .insertInto('pending_pack')
    .values({ cursor: entry.cursor, boot, entry: JSON.stringify(entry) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function releasePending(tx: Db, boot: string, offsetMs: number): Promise<LogRecord[]> {
  const rows = await tx.selectFrom('pending_pack').selectAll().where('boot', '=', boot).orderBy('cursor').execute();
  if (rows.length === 0) return [];
  await tx.deleteFrom('pending_pack').where('boot', '=', boot).execute();
  return rows.flatMap((row) => {
    const entry = JSON.parse(row.entry) as LogEntry;
    const pack = decodeOrNull(entry);
    return pack === null ? [] : [{ entry, pack: withinWindow(shiftTimes(pack, offsetMs), entry) }];
  });
}

/** One reading of one register, with the pack it came in. */
export type CounterReading = {
  readonly timeMs: number;
  readonly mwh: number;
  readonly quality: number;
  readonly epoch: string;
  readonly seq: number;
};

export type CounterStep = {
  readonly timeMs: number;
  readonly kind: CounterEvent['kind'];
  readonly beforeMwh: number;
  readonly afterMwh: number;
  readonly creditedMwh: number | null;
  readonly epoch: string;
  readonly seq: number;
};

export type SeriesNews = {
  readonly edge: string;
  readonly device: string;
  readonly point: string;
  readonly readings: CounterReading[];
  readonly steps: CounterStep[];
};

/** The energy registers' readings and steps per series. Only usable readings count as an edge: good or estimated. */
export function counterNews(records: readonly LogRecord[]): SeriesNews[] {
  const all = new Map<string, SeriesNews>();
  const newsOf = (edge: string, device: string, point: string): SeriesNews => {
    const key = `${edge}/${device}/${point}`;
    const known = all.get(key) ?? { edge, device, point, readings: [], steps: [] };
    all.set(key, known);
    return known;
  };
  for (const { pack } of records) {
    const { edge, epoch, seq } = pack;
    for (const { device, point, timeMs, value, quality } of pack.samples) {
      if (point !== 'importedWh' && point !== 'exportedWh') continue;
      if (typeof value !== 'number' || !isRegisterWh(value) || (quality !== 'good' && quality !== 'estimated'))
        continue;
      const reading = { timeMs, mwh: mwhFromWh(value), quality: qualityRank(quality), epoch, seq };
      newsOf(edge, device, point).readings.push(reading);
    }
    for (const { device, type, timeMs, body } of pack.events) {
      if (type !== 'counter' || !Value.Check(CounterEvent, body)) continue;
      const { point, kind, beforeMwh, afterMwh, creditedMwh } = body;
      newsOf(edge, device, point).steps.push({ timeMs, kind, beforeMwh, afterMwh, creditedMwh, epoch, seq });
    }
  }
  return [...all.values()];
}
