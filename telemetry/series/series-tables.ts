/** The embedded series store on an open database: staged within its owner's transaction, sealed between them. */
import type { DatabaseSync } from 'node:sqlite';
import { CodedError, invariant, type Span } from '@commonworks/core';
import type { EdgeBudgets } from '../edge-budgets.ts';
import type { AppendReport, SampleConflict, SeriesKey, SeriesPoint, SeriesSample } from '../port.ts';
import { RANGE_POINTS_MAX } from '../port.ts';
import { inTransaction } from '../sqlite/transaction.ts';
import type { LastReading } from './chunks.ts';
import { Chunks, windowOf } from './chunks.ts';
import type { Column } from './column.ts';
import type { NoNumber, SeriesEntry } from './dictionary.ts';
import { Dictionary } from './dictionary.ts';
import { flaggedQuality, isNullFlagged, isWordFlagged, packFlags } from './flags.ts';
import { HotWindows } from './hot-windows.ts';
import type { HotReading } from './log-row.ts';
import { decodeLogRow, encodeLogRow } from './log-row.ts';

export type RefusedSample = { readonly sample: SeriesSample; readonly why: NoNumber };
export type StageReport = AppendReport & { readonly refused: readonly RefusedSample[] };

export class SeriesTables {
  readonly #db: DatabaseSync;
  readonly #chunks: Chunks;
  readonly #dictionary: Dictionary;
  readonly #hot: HotWindows;
  readonly #insertLog;
  #logId: number;
  #undo: (() => void)[] = [];
  /** What this transaction added, to take it back: parallel arrays, since it may be 100,000 readings. */
  #stagedColumns: Column[] = [];
  #stagedTimes: number[] = [];

  /** Rebuilds the hot windows from series_log. */
  constructor(db: DatabaseSync, budgets?: EdgeBudgets) {
    this.#db = db;
    this.#chunks = new Chunks(db);
    this.#dictionary = new Dictionary(db, budgets);
    this.#hot = new HotWindows(this.#chunks);
    this.#insertLog = db.prepare('INSERT INTO series_log (id, body) VALUES (?, ?)');
    const newest = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'series_log'").get();
    this.#logId = Number(newest?.['seq'] ?? 0);
    for (const row of db.prepare('SELECT id, body FROM series_log ORDER BY id').iterate()) {
      for (const reading of decodeLogRow(row['body'] as Uint8Array)) this.#place(reading, Number(row['id']));
      this.committed();
    }
  }

  /** Call inside a transaction, then `committed` or `rolledBack`. */
  stage(samples: readonly SeriesSample[]): StageReport {
    const refused: RefusedSample[] = [];
    const logId = this.#logId + 1;
    const added: HotReading[] = [];
    const conflicts: SampleConflict[] = [];
    for (const sample of samples) {
      const reading = this.#reading(sample);
      if (typeof reading === 'string') {
        refused.push({ sample, why: reading });
        continue;
      }
      const outcome = this.#place(reading, logId);
      if (outcome === 'added') added.push(reading);
      if (outcome === 'conflict') conflicts.push({ sample, kept: this.#kept(reading) });
    }
    if (added.length > 0) {
      this.#insertLog.run(logId, encodeLogRow(added));
      this.#logId = logId;
      this.#undo.push(() => {
        this.#logId = logId - 1;
      });
    }
    const repeated = samples.length - added.length - conflicts.length - refused.length;
    return { added: added.length, repeated, conflicts, refused };
  }

  committed(): void {
    this.#undo = [];
    this.#stagedColumns = [];
    this.#stagedTimes = [];
  }

  rolledBack(): void {
    for (const [i, column] of this.#stagedColumns.entries()) column.remove(this.#stagedTimes[i] ?? 0);
    this.#hot.readings -= this.#stagedColumns.length;
    for (const step of this.#undo.reverse()) step();
    this.committed();
  }

  /** Writes chunk rows for windows nobody fills any more. Outside of any other transaction. */
  sealDue(): void {
    const due = this.#hot.due();
    if (due.length > 0) this.#seal(due);
  }

  /** Every open window to chunk rows: for a tidy end, and for tests. */
  sealAll(): void {
    this.#seal(this.#hot.numbers());
  }

  last(edge?: string): SeriesSample[] {
    const found: SeriesSample[] = [];
    for (const entry of this.#dictionary.entries()) {
      if (edge !== undefined && entry.key.edge !== edge) continue;
      const reading = this.#lastReading(entry);
      if (reading !== null) found.push({ ...entry.key, ...this.#point(reading) });
    }
    return found;
  }

  range(key: SeriesKey, span: Span): SeriesPoint[] {
    const entry = this.#dictionary.find(key);
    const points: SeriesPoint[] = [];
    if (entry === undefined || !(span.toMs > span.fromMs)) return points;
    const { first, last } = this.#windowsWithin(span);
    for (let window = first; window <= last; window++) {
      const column = this.#hot.peek(window, entry.id) ?? this.#chunks.read(window, entry.id);
      if (column !== null) this.#collect(column, span, points);
    }
    return points;
  }

  #collect(column: Column, span: Span, points: SeriesPoint[]): void {
    const end = column.indexOf(span.toMs);
    for (let i = column.indexOf(span.fromMs); i < end; i++) {
      if (points.length >= RANGE_POINTS_MAX) {
        throw new CodedError('telemetry.range-too-large', `the range holds more than ${RANGE_POINTS_MAX} readings`);
      }
      points.push(this.#point(at(column, i)));
    }
  }

  #windowsWithin(span: Span): { first: number; last: number } {
    const sealed = this.#chunks.bounds();
    const known = [...this.#hot.numbers(), ...(sealed === null ? [] : [sealed.first, sealed.last])];
    const first = Math.max(windowOf(span.fromMs), Math.min(...known));
    const last = Math.min(windowOf(span.toMs - 1), Math.max(...known));
    return known.length === 0 ? { first: 0, last: -1 } : { first, last };
  }

  #reading(sample: SeriesSample): HotReading | NoNumber {
    const { edge, device, point, timeMs, value } = sample;
    invariant(typeof value !== 'number' || Number.isFinite(value), 'a stored value is finite');
    invariant(Number.isSafeInteger(timeMs) && timeMs >= 0, 'a stored time is whole milliseconds');
    const entry = this.#dictionary.ensure({ edge, device, point }, this.#undo);
    if (typeof entry === 'string') return entry;
    const number = typeof value === 'string' ? this.#dictionary.wordId(value, edge, this.#undo) : (value ?? 0);
    if (typeof number === 'string') return number;
    return { series: entry.id, timeMs, value: number, flags: packFlags(sample.quality, value) };
  }

  #place(reading: HotReading, logId: number): 'added' | 'repeated' | 'conflict' {
    const window = windowOf(reading.timeMs);
    const column = this.#hot.column(window, reading.series, logId);
    const outcome = column.add(reading.timeMs, reading.value, reading.flags);
    if (outcome !== 'added') return outcome;
    this.#hot.readings += 1;
    this.#stagedColumns.push(column);
    this.#stagedTimes.push(reading.timeMs);
    const entry = this.#dictionary.entry(reading.series);
    if (entry !== undefined && (entry.lastWindow ?? -1) < window) {
      const before = entry.lastWindow;
      entry.lastWindow = window;
      this.#undo.push(() => {
        entry.lastWindow = before;
      });
    }
    return outcome;
  }

  #kept(reading: HotReading): SeriesPoint {
    const column = this.#hot.peek(windowOf(reading.timeMs), reading.series);
    invariant(column !== undefined, 'a conflict is with a reading in memory');
    return this.#point(at(column, column.indexOf(reading.timeMs)));
  }

  #lastReading(entry: SeriesEntry): LastReading | null {
    if (entry.lastWindow === null) return null;
    const column = this.#hot.peek(entry.lastWindow, entry.id);
    if (column === undefined || column.length === 0) return this.#chunks.last(entry.lastWindow, entry.id);
    return at(column, column.length - 1);
  }

  #point({ timeMs, value, flags }: LastReading): SeriesPoint {
    const shown = isWordFlagged(flags) ? this.#dictionary.word(value) : value;
    return { timeMs, value: isNullFlagged(flags) ? null : shown, quality: flaggedQuality(flags) };
  }

  #seal(windows: readonly number[]): void {
    const needed = this.#hot.neededLogId(windows);
    const setLast = this.#db.prepare('UPDATE series SET last_window = ? WHERE id = ?');
    inTransaction(this.#db, () => {
      for (const window of windows) {
        for (const [series, column] of this.#hot.columns(window)) {
          if (!column.isDirty || column.length === 0) continue;
          this.#chunks.write(window, series, column);
          const entry = this.#dictionary.entry(series);
          if (entry?.lastWindow === window) setLast.run(window, series);
        }
      }
      this.#db.prepare('DELETE FROM series_log WHERE id < ?').run(needed ?? this.#logId + 1);
    });
    this.#hot.drop(windows);
  }
}

function at(column: Column, index: number): LastReading {
  return { timeMs: column.times[index] ?? 0, value: column.values[index] ?? 0, flags: column.flags[index] ?? 0 };
}
