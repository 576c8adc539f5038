/** Readings of one window that may not be in its chunks yet: as they were committed, 25 bytes each. */
import type { LastReading } from './chunks.ts';
import { Column } from './column.ts';
import type { HotReading } from './log-row.ts';

/** A series' readings, linked from the one committed last to the first; `latest` is the latest in time. */
type Chain = { tail: number; latest: number; length: number };

const FIRST_CAPACITY = 64;
const NONE = -1;

export class UnsealedWindow {
  readonly #chains = new Map<number, Chain>();
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #flags = new Uint8Array(FIRST_CAPACITY);
  /** Index of the reading of the same series committed before. */
  #before = new Int32Array(FIRST_CAPACITY);
  #used = 0;
  /** The newest row of series_log with readings of this window. */
  newestLogId = 0;
  /** Readings held, without those forgotten. */
  length = 0;

  add({ series, timeMs, value, flags }: HotReading): void {
    if (this.#used === this.#times.length) this.#resize(this.#used * 2);
    const at = this.#used++;
    const chain = this.#chains.get(series);
    this.#times[at] = timeMs;
    this.#values[at] = value;
    this.#flags[at] = flags;
    this.#before[at] = chain?.tail ?? NONE;
    this.length += 1;
    if (chain === undefined) {
      this.#chains.set(series, { tail: at, latest: at, length: 1 });
      return;
    }
    chain.tail = at;
    chain.length += 1;
    if (timeMs > (this.#times[chain.latest] ?? 0)) chain.latest = at;
  }

  has(series: number): boolean {
    return this.#chains.has(series);
  }

  /** Safe to go on with while some are forgotten. */
  series(): IterableIterator<number> {
    return this.#chains.keys();
  }

  last(series: number): LastReading | null {
    const chain = this.#chains.get(series);
    return chain === undefined ? null : this.#reading(chain.latest);
  }

  /** Ascending in time; of two readings for one time the first committed stays. */
  column(series: number): Column | null {
    const chain = this.#chains.get(series);
    if (chain === undefined) return null;
    const order = new Int32Array(chain.length);
    for (let at = chain.tail, i = chain.length - 1; i >= 0; i--) {
      order[i] = at;
      at = this.#before[at] ?? NONE;
    }
    const time = (at: number) => this.#times[at] ?? 0;
    if (!order.every((at, i) => i === 0 || time(order[i - 1] ?? 0) <= time(at))) {
      order.sort((a, b) => time(a) - time(b) || a - b);
    }
    const kept = order.filter((at, i) => i === 0 || time(order[i - 1] ?? 0) !== time(at));
    const column = { times: new Float64Array(kept.length), values: new Float64Array(kept.length) };
    const flags = new Uint8Array(kept.length);
    for (const [i, at] of kept.entries()) {
      column.times[i] = time(at);
      column.values[i] = this.#values[at] ?? 0;
      flags[i] = this.#flags[at] ?? 0;
    }
    return Column.of(column.times, column.values, flags);
  }

  /** Returns how many readings that were. */
  forget(series: number): number {
    const length = this.#chains.get(series)?.length ?? 0;
    this.#chains.delete(series);
    this.length -= length;
    return length;
  }

  /** A copy without the room of what was forgotten. */
  compacted(): UnsealedWindow {
    const copy = new UnsealedWindow();
    copy.newestLogId = this.newestLogId;
    for (const series of this.#chains.keys()) {
      const column = this.column(series);
      for (let i = 0; i < (column?.length ?? 0); i++) {
        const [timeMs, value, flags] = [column?.times[i] ?? 0, column?.values[i] ?? 0, column?.flags[i] ?? 0];
        copy.add({ series, timeMs, value, flags });
      }
    }
    return copy;
  }

  #reading(at: number): LastReading {
    return { timeMs: this.#times[at] ?? 0, value: this.#values[at] ?? 0, flags: this.#flags[at] ?? 0 };
  }

  #resize(capacity: number): void {
    const [times, values] = [new Float64Array(capacity), new Float64Array(capacity)];
    const [flags, before] = [new Uint8Array(capacity), new Int32Array(capacity)];
    times.set(this.#times);
    values.set(this.#values);
    flags.set(this.#flags);
    before.set(this.#before);
    [this.#times, this.#values, this.#flags, this.#before] = [times, values, flags, before];
  }
}
