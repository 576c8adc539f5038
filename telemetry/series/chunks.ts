/** Chunk rows: one series in one window, encoded, with its summary beside it. */
import type { DatabaseSync } from 'node:sqlite';
import { assertCheck, blockCheck, lastCheck } from './checksums.ts';
import { decodeColumn, encodeColumn } from './codec.ts';
import type { Column } from './column.ts';
import { isNullFlagged, isWordFlagged } from './flags.ts';

/** A day: 96 quarter-hours or 8,640 readings every ten seconds in one row. */
export const WINDOW_MS = 86_400_000;
const SERIES_SPAN = 2 ** 24;

export type LastReading = { readonly timeMs: number; readonly value: number; readonly flags: number };

export function windowOf(timeMs: number): number {
  return Math.floor(timeMs / WINDOW_MS);
}

export class Chunks {
  readonly #read;
  readonly #write;
  readonly #last;
  readonly #bounds;
  readonly #next;

  constructor(db: DatabaseSync) {
    this.#read = db.prepare('SELECT body, body_crc FROM chunk WHERE key = ?');
    this.#last = db.prepare('SELECT last_ms, last_value, last_flags, last_crc FROM chunk WHERE key = ?');
    // Two queries: SQLite looks up a lone min or max, and scans the table for both at once.
    this.#bounds = db.prepare('SELECT (SELECT min(key) FROM chunk) AS low, (SELECT max(key) FROM chunk) AS high');
    this.#next = db.prepare('SELECT key FROM chunk WHERE key >= ? ORDER BY key LIMIT 1');
    this.#write = db.prepare('INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  }

  /** @throws CodedError `telemetry.chunk-corrupt`. */
  read(window: number, series: number): Column | null {
    const key = window * SERIES_SPAN + series;
    const row = this.#read.get(key);
    if (row === undefined) return null;
    const body = row['body'] as Uint8Array;
    assertCheck(row['body_crc'], blockCheck(key, body));
    return decodeColumn(body);
  }

  /** @throws CodedError `telemetry.chunk-corrupt`. */
  last(window: number, series: number): LastReading | null {
    const key = window * SERIES_SPAN + series;
    const row = this.#last.get(key);
    if (row === undefined) return null;
    const last = [Number(row['last_ms']), Number(row['last_value']), Number(row['last_flags'])] as const;
    assertCheck(row['last_crc'], lastCheck(key, last));
    const [timeMs, value, flags] = last;
    return { timeMs, value, flags };
  }

  /** The first and last window with a chunk; null when there is none. */
  bounds(): { first: number; last: number } | null {
    const row = this.#bounds.get();
    if (row === undefined || row['low'] === null) return null;
    return { first: Math.floor(Number(row['low']) / SERIES_SPAN), last: Math.floor(Number(row['high']) / SERIES_SPAN) };
  }

  /**
   * Where the next chunk of this series may be, by one look at the keys: in no window from `from` on before the one
   * returned. `isThere`: it is in that one. Null: there is none. Windows without any chunk are passed over at once.
   */
  next(from: number, series: number): { readonly window: number; readonly isThere: boolean } | null {
    const row = this.#next.get(from * SERIES_SPAN + series);
    if (row === undefined) return null;
    const window = Math.floor(Number(row['key']) / SERIES_SPAN);
    const found = Number(row['key']) % SERIES_SPAN;
    return { window: found > series ? window + 1 : window, isThere: found === series };
  }

  write(window: number, series: number, column: Column): void {
    const at = column.length - 1;
    const { min, max, sum } = summary(column);
    const last = [column.times[at] ?? 0, column.values[at] ?? 0, column.flags[at] ?? 0];
    const key = window * SERIES_SPAN + series;
    const body = encodeColumn(column);
    const checks = [blockCheck(key, body), lastCheck(key, last)];
    this.#write.run(key, column.length, min, max, sum, ...last, body, ...checks);
  }
}

/** Over numbers only: words and missing values have no sum. */
function summary(column: Column): { min: number | null; max: number | null; sum: number | null } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < column.length; i++) {
    const flags = column.flags[i] ?? 0;
    if (isNullFlagged(flags) || isWordFlagged(flags)) continue;
    const value = column.values[i] ?? 0;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return min <= max ? { min, max, sum } : { min: null, max: null, sum: null };
}
