/** The readings of one series in one window of time: three parallel arrays, ascending in time, no time twice. */

export type AddOutcome = 'added' | 'repeated' | 'conflict';

const FIRST_CAPACITY = 32;

/** A null has the value 0 here; its flag tells it from a measured 0. */
export class Column {
  times = new Float64Array(FIRST_CAPACITY);
  values = new Float64Array(FIRST_CAPACITY);
  flags = new Uint8Array(FIRST_CAPACITY);
  length = 0;
  /** Whether it holds something that its chunk row does not. */
  isDirty = false;

  static of(
    times: Float64Array<ArrayBuffer>,
    values: Float64Array<ArrayBuffer>,
    flags: Uint8Array<ArrayBuffer>,
  ): Column {
    const column = new Column();
    column.times = times;
    column.values = values;
    column.flags = flags;
    column.length = times.length;
    return column;
  }

  add(timeMs: number, value: number, flags: number): AddOutcome {
    const at = this.indexOf(timeMs);
    if (at < this.length && this.times[at] === timeMs) {
      return this.values[at] === value && this.flags[at] === flags ? 'repeated' : 'conflict';
    }
    if (this.length === this.times.length) this.#grow();
    if (at < this.length) this.#shift(at, 1);
    this.times[at] = timeMs;
    this.values[at] = value;
    this.flags[at] = flags;
    this.length += 1;
    this.isDirty = true;
    return 'added';
  }

  /** Takes back an addition whose transaction failed. */
  remove(timeMs: number): void {
    const at = this.indexOf(timeMs);
    if (this.times[at] !== timeMs || at >= this.length) return;
    this.#shift(at + 1, -1);
    this.length -= 1;
  }

  /** Index of the first reading at or after `timeMs`; `length` when there is none. */
  indexOf(timeMs: number): number {
    const last = this.times[this.length - 1];
    if (this.length === 0 || (last !== undefined && last < timeMs)) return this.length;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.times[middle] ?? 0) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #shift(from: number, by: number): void {
    for (const array of [this.times, this.values, this.flags]) array.copyWithin(from + by, from, this.length);
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.times.length * 2);
    const grow = <T extends Float64Array | Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.times = grow(this.times, new Float64Array(capacity));
    this.values = grow(this.values, new Float64Array(capacity));
    this.flags = grow(this.flags, new Uint8Array(capacity));
  }
}
