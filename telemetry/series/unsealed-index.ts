/** A reader's own index of series_log: which readings of a series and window may not stand in a chunk yet. */
import type { DatabaseSync } from 'node:sqlite';
import type { Chunks, LastReading } from './chunks.ts';
import { windowOf } from './chunks.ts';
import type { Column } from './column.ts';
import { decodeLogRow } from './log-row.ts';
import { isWithin } from './merge-columns.ts';
import { UnsealedWindow } from './unsealed-window.ts';

export type UnsealedLimits = {
  /** 25 to 50 bytes each, and about 50 for each series of a window: 100 MB. The writer seals beyond as many. */
  readonly readingsMax: number;
  /** Readings taken from the log in one call: some 10 ms. A row is taken whole. */
  readonly readPerCall: number;
  /** Chunks compared in one call. */
  readonly comparedPerCall: number;
};

export const UNSEALED_LIMITS: UnsealedLimits = { readingsMax: 2_000_000, readPerCall: 20_000, comparedPerCall: 50 };

/**
 * It may hold readings that are sealed already: they stand in their chunk too, so that both together are what the
 * writer has. It holds every reading of the log that is not.
 */
export class UnsealedIndex {
  readonly #windows = new Map<number, UnsealedWindow>();
  readonly #chunks: Chunks;
  readonly #limits: UnsealedLimits;
  readonly #oldest;
  readonly #rows;
  #lastId = 0;
  #oldestId = 0;
  #readings = 0;
  #readingsMax: number;
  #comparing: Iterator<undefined> | null = null;

  constructor(db: DatabaseSync, chunks: Chunks, limits: UnsealedLimits = UNSEALED_LIMITS) {
    this.#chunks = chunks;
    this.#limits = limits;
    this.#readingsMax = limits.readingsMax;
    this.#oldest = db.prepare('SELECT min(id) AS id FROM series_log');
    this.#rows = db.prepare('SELECT id, body FROM series_log WHERE id > ? ORDER BY id');
  }

  get readings(): number {
    return this.#readings;
  }

  /** Within the reader's transaction: takes what was committed since. False when that is more than one call's work. */
  catchUp(): boolean {
    this.#dropDeleted();
    if (this.#readings > this.#readingsMax && !this.#dropSealed()) return false;
    let read = 0;
    for (const row of this.#rows.iterate(this.#lastId)) {
      if (read >= this.#limits.readPerCall || this.#readings > this.#readingsMax) return false;
      read += this.#take(Number(row['id']), row['body'] as Uint8Array);
    }
    return true;
  }

  /** The first window from `from` on with readings of this series; null when there is none. */
  next(from: number, series: number): number | null {
    let next: number | null = null;
    for (const [number, window] of this.#windows) {
      if (number >= from && (next === null || number < next) && window.has(series)) next = number;
    }
    return next;
  }

  column(window: number, series: number): Column | null {
    return this.#windows.get(window)?.column(series) ?? null;
  }

  last(series: number): LastReading | null {
    let last: LastReading | null = null;
    for (const window of this.#windows.values()) {
      const reading = window.last(series);
      if (reading !== null && (last === null || reading.timeMs > last.timeMs)) last = reading;
    }
    return last;
  }

  #take(id: number, body: Uint8Array): number {
    const readings = decodeLogRow(body);
    for (const reading of readings) this.#window(windowOf(reading.timeMs), id).add(reading);
    this.#readings += readings.length;
    this.#lastId = id;
    return readings.length;
  }

  #window(number: number, logId: number): UnsealedWindow {
    const window = this.#windows.get(number) ?? new UnsealedWindow();
    this.#windows.set(number, window);
    window.newestLogId = logId;
    return window;
  }

  /** The writer deletes a row only when all of it is sealed. */
  #dropDeleted(): void {
    const oldest = this.#oldest.get()?.['id'] ?? null;
    const oldestId = oldest === null ? this.#lastId + 1 : Number(oldest);
    if (oldestId === this.#oldestId) return;
    this.#oldestId = oldestId;
    for (const [number, window] of this.#windows) {
      if (window.newestLogId < oldestId) this.#drop(number, window);
    }
  }

  /** A day that is filled for ever keeps old rows in the log: then the chunks say what is sealed. True when all are compared. */
  #dropSealed(): boolean {
    this.#comparing ??= this.#compare();
    for (let n = 0; n < this.#limits.comparedPerCall; n++) {
      if (this.#comparing.next().done !== true) continue;
      this.#comparing = null;
      // What is not sealed must be held; looked at again only when it has grown by a quarter.
      this.#readingsMax = Math.max(this.#limits.readingsMax, Math.ceil(this.#readings * 1.25));
      return true;
    }
    return false;
  }

  *#compare(): Generator<undefined> {
    for (const [number, window] of this.#windows) {
      const before = window.length;
      for (const series of window.series()) {
        if (this.#windows.get(number) !== window) break;
        const [held, sealed] = [window.column(series), this.#chunks.read(number, series)];
        if (held !== null && sealed !== null && isWithin(held, sealed)) this.#readings -= window.forget(series);
        yield;
      }
      if (this.#windows.get(number) !== window) continue;
      if (window.length === 0) this.#drop(number, window);
      else if (window.length < before) this.#windows.set(number, window.compacted());
    }
  }

  #drop(number: number, window: UnsealedWindow): void {
    this.#windows.delete(number);
    this.#readings -= window.length;
    this.#readingsMax = this.#limits.readingsMax;
  }
}
