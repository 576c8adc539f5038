/** Pages of the series from a connection that only reads: what stands in chunks and what was committed since. */
import type { DatabaseSync } from 'node:sqlite';
import type { LastValues, SeriesRange, Span } from '@commonworks/core';
import { isPointName } from '@commonworks/core';
import type { LastReading } from './chunks.ts';
import { Chunks, WINDOW_MS, windowOf } from './chunks.ts';
import type { Column } from './column.ts';
import { flaggedQuality, isNullFlagged, isWordFlagged } from './flags.ts';
import { mergeColumns } from './merge-columns.ts';
import { UNSEALED_LIMITS, UnsealedIndex, type UnsealedLimits } from './unsealed-index.ts';

export type RangeAsk = {
  readonly key: { readonly edge: string; readonly device: string; readonly point: string };
  readonly span: Span;
  /** Readings in the page, at least 1. */
  readonly limit: number;
};
/** `after`: `edge/device/point` of the last series seen. */
export type LastAsk = {
  readonly edge?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
};

export type ReaderLimits = UnsealedLimits & {
  /** Windows looked at for one page: 5 ms for a series with a reading a day, whether it has one or another has. */
  readonly windowsMax: number;
};

export const READER_LIMITS: ReaderLimits = { ...UNSEALED_LIMITS, windowsMax: 200 };

type SeriesRow = { readonly id: number; readonly key: RangeAsk['key']; readonly lastWindow: number | null };

/** Each call is one transaction of some milliseconds. It answers null when it has not read all of series_log yet: ask again. */
export class SeriesReader {
  readonly #db: DatabaseSync;
  readonly #chunks: Chunks;
  readonly #unsealed: UnsealedIndex;
  readonly #limits: ReaderLimits;
  readonly #statements;
  /** At most as many as the writer gives out. */
  readonly #words = new Map<number, string>();

  constructor(db: DatabaseSync, limits: ReaderLimits = READER_LIMITS) {
    this.#db = db;
    this.#limits = limits;
    this.#chunks = new Chunks(db);
    this.#unsealed = new UnsealedIndex(db, this.#chunks, limits);
    this.#statements = prepare(db);
  }

  range(ask: RangeAsk): SeriesRange | null {
    return this.#inOneMoment(() => this.#range(ask));
  }

  last(ask: LastAsk): LastValues | null {
    return this.#inOneMoment(() => this.#last(ask));
  }

  #inOneMoment<T>(answer: () => T): T | null {
    this.#db.exec('BEGIN');
    try {
      return this.#unsealed.catchUp() ? answer() : null;
    } finally {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    }
  }

  #range({ key, span, limit }: RangeAsk): SeriesRange {
    const { edge, device, point } = key;
    const series = this.#statements.find.get(edge, device, point)?.['id'];
    const readings: LastReading[] = [];
    const next = series === undefined ? null : this.#collect(Number(series), { span, limit }, readings);
    const words = readings.map((reading) => this.#word(reading));
    return {
      edge,
      device,
      point,
      timesMs: readings.map(({ timeMs }) => timeMs),
      values: readings.map(({ value, flags }) => (isNullFlagged(flags) || isWordFlagged(flags) ? null : value)),
      qualities: readings.map(({ flags }) => flaggedQuality(flags)),
      ...(words.some((word) => word !== null) ? { words } : {}),
      next,
    };
  }

  /** Returns where to go on; null at the end. */
  #collect(series: number, page: { span: Span; limit: number }, readings: LastReading[]): number | null {
    const { fromMs, toMs } = page.span;
    let from = windowOf(fromMs);
    for (let looks = 0; looks < this.#limits.windowsMax; looks++) {
      const found = this.#nextWindow(from, series);
      if (found === null || found.window * WINDOW_MS >= toMs) return null;
      from = found.window;
      if (!found.isThere) continue;
      const column = mergeColumns(this.#chunks.read(from, series), this.#unsealed.column(from, series));
      const rest = column === null ? null : take(column, page, readings);
      if (rest !== null) return rest;
      from += 1;
    }
    return from * WINDOW_MS >= toMs ? null : Math.max(fromMs, from * WINDOW_MS);
  }

  #nextWindow(from: number, series: number): { window: number; isThere: boolean } | null {
    const chunk = this.#chunks.next(from, series);
    const window = this.#unsealed.next(from, series);
    if (window === null || (chunk !== null && chunk.window < window)) return chunk;
    return { window, isThere: true };
  }

  #last({ edge, after, limit }: LastAsk): LastValues {
    const rows = this.#seriesAfter(edge, after, limit + 1);
    const values: LastValues['values'] = [];
    for (const { id, key, lastWindow } of rows.slice(0, limit)) {
      const reading = this.#lastReading(id, lastWindow);
      if (reading === null || !isPointName(key.point)) continue;
      const { timeMs, value, flags } = reading;
      const shown = isNullFlagged(flags) ? null : (this.#word(reading) ?? value);
      values.push({ ...key, timeMs, value: shown, quality: flaggedQuality(flags) });
    }
    const end = rows.length > limit ? rows[limit - 1]?.key : undefined;
    return { values, next: end === undefined ? null : `${end.edge}/${end.device}/${end.point}` };
  }

  #seriesAfter(edge: string | undefined, after: string | undefined, count: number): SeriesRow[] {
    const [, from = '', device = '', point = ''] = /^([^/]*)\/(.*)\/([^/]*)$/.exec(after ?? '') ?? [];
    const { ofAll, ofEdge } = this.#statements;
    const isOfEdge = edge === from;
    const rows =
      edge === undefined
        ? ofAll.all(from, device, point, count)
        : ofEdge.all(edge, isOfEdge ? device : '', isOfEdge ? point : '', count);
    return rows.map((row) => ({
      id: Number(row['id']),
      key: { edge: String(row['edge']), device: String(row['device']), point: String(row['point']) },
      lastWindow: row['last_window'] === null ? null : Number(row['last_window']),
    }));
  }

  /** The newest sealed window stands beside the series; what is in a later one is not sealed. */
  #lastReading(series: number, lastWindow: number | null): LastReading | null {
    const sealed = lastWindow === null ? null : this.#chunks.last(lastWindow, series);
    const unsealed = this.#unsealed.last(series);
    if (sealed === null || unsealed === null) return sealed ?? unsealed;
    return unsealed.timeMs > sealed.timeMs ? unsealed : sealed;
  }

  #word({ value, flags }: LastReading): string | null {
    if (isNullFlagged(flags) || !isWordFlagged(flags)) return null;
    const known = this.#words.get(value);
    if (known !== undefined) return known;
    const word = String(this.#statements.word.get(value)?.['text'] ?? '');
    this.#words.set(value, word);
    return word;
  }
}

/** Adds what fits into the page; returns the time of the first reading that does not, null when all of the span do. */
function take(column: Column, { span, limit }: { span: Span; limit: number }, readings: LastReading[]): number | null {
  const end = column.indexOf(span.toMs);
  for (let i = column.indexOf(span.fromMs); i < end; i++) {
    const timeMs = column.times[i] ?? 0;
    if (readings.length >= limit) return timeMs;
    readings.push({ timeMs, value: column.values[i] ?? 0, flags: column.flags[i] ?? 0 });
  }
  return null;
}

function prepare(db: DatabaseSync) {
  const columns = 'SELECT id, edge, device, point, last_window FROM series';
  const order = 'ORDER BY edge, device, point LIMIT ?';
  return {
    find: db.prepare('SELECT id FROM series WHERE edge = ? AND device = ? AND point = ?'),
    ofAll: db.prepare(`${columns} WHERE (edge, device, point) > (?, ?, ?) ${order}`),
    ofEdge: db.prepare(`${columns} WHERE edge = ? AND (device, point) > (?, ?) ${order}`),
    word: db.prepare('SELECT text FROM word WHERE id = ?'),
  };
}
