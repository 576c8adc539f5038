/** The windows of time that readings still arrive in, in memory, until they are sealed into chunk rows. */
import type { Chunks } from './chunks.ts';
import { Column } from './column.ts';

type HotWindow = {
  readonly columns: Map<number, Column>;
  /** The oldest row of series_log that holds readings of this window not yet sealed. */
  firstLogId: number;
  /** Rises with every commit that touched the window. */
  touched: number;
};

/** Today, yesterday, and two days that an edge coming back may be filling. */
const OPEN_WINDOWS_MAX = 4;
/** 17 bytes each: 34 MB. Beyond it everything is sealed, and read back when the next reading comes. */
const HOT_READINGS_MAX = 2_000_000;

export class HotWindows {
  readonly #windows = new Map<number, HotWindow>();
  readonly #chunks: Chunks;
  #touches = 0;
  readings = 0;

  constructor(chunks: Chunks) {
    this.#chunks = chunks;
  }

  peek(window: number, series: number): Column | undefined {
    return this.#windows.get(window)?.columns.get(series);
  }

  /** The column to write to; a sealed one is read back first, so that repeats and conflicts are seen. */
  column(window: number, series: number, logId: number): Column {
    const hot = this.#open(window, logId);
    const known = hot.columns.get(series);
    if (known !== undefined) return known;
    const column = this.#chunks.read(window, series) ?? new Column();
    hot.columns.set(series, column);
    this.readings += column.length;
    return column;
  }

  numbers(): number[] {
    return [...this.#windows.keys()];
  }

  columns(window: number): Iterable<[number, Column]> {
    return this.#windows.get(window)?.columns ?? [];
  }

  /** Which windows should be sealed now: the longest untouched beyond the limit, or all when memory is short. */
  due(): number[] {
    if (this.readings > HOT_READINGS_MAX) return this.numbers();
    const byTouch = [...this.#windows].sort(([, a], [, b]) => b.touched - a.touched);
    return byTouch.slice(OPEN_WINDOWS_MAX).map(([window]) => window);
  }

  /** The oldest row of series_log still needed when these windows are sealed; null when none is. */
  neededLogId(sealed: readonly number[]): number | null {
    let needed: number | null = null;
    for (const [window, { firstLogId }] of this.#windows) {
      if (!sealed.includes(window)) needed = Math.min(needed ?? firstLogId, firstLogId);
    }
    return needed;
  }

  drop(windows: readonly number[]): void {
    for (const window of windows) {
      for (const [, column] of this.columns(window)) this.readings -= column.length;
      this.#windows.delete(window);
    }
  }

  #open(window: number, logId: number): HotWindow {
    this.#touches += 1;
    const known = this.#windows.get(window);
    if (known !== undefined) {
      known.touched = this.#touches;
      return known;
    }
    const opened = { columns: new Map<number, Column>(), firstLogId: logId, touched: this.#touches };
    this.#windows.set(window, opened);
    return opened;
  }
}
