/** Which sequence numbers of one source are held: a contiguous prefix (the mark) and scattered ranges ahead of it. */

/** Senders keep at most 64 packs in flight in order; a thousand separate ranges is no sender of ours. */
export const RANGES_MAX = 1000;

type Range = { from: number; to: number };

export class SeqRanges {
  #mark: number;
  /** Ascending, disjoint, not touching each other, all above the mark + 1. */
  #ahead: Range[] = [];

  constructor(mark: number) {
    this.#mark = mark;
  }

  /** Everything from 1 up to and including it is held. */
  get mark(): number {
    return this.#mark;
  }

  get isScattered(): boolean {
    return this.#ahead.length >= RANGES_MAX;
  }

  has(seq: number): boolean {
    return seq <= this.#mark || this.#ahead.some((range) => range.from <= seq && seq <= range.to);
  }

  /** All of it, both ends included. */
  hasAll(from: number, to: number): boolean {
    return to <= this.#mark || this.#ahead.some((range) => range.from <= from && to <= range.to);
  }

  /** Both ends included; overlaps with what is held already are fine. */
  add(from: number, to: number = from): void {
    if (to <= this.#mark) return;
    if (from === this.#mark + 1 && (this.#ahead[0] === undefined || this.#ahead[0].from > to + 1)) {
      this.#mark = to;
      return;
    }
    const merged = { from, to };
    const apart: Range[] = [];
    for (const range of this.#ahead) {
      const isTouching = range.from <= merged.to + 1 && merged.from <= range.to + 1;
      if (!isTouching) apart.push(range);
      else {
        merged.from = Math.min(merged.from, range.from);
        merged.to = Math.max(merged.to, range.to);
      }
    }
    if (merged.from <= this.#mark + 1) this.#mark = Math.max(this.#mark, merged.to);
    else apart.push(merged);
    this.#ahead = apart.sort((a, b) => a.from - b.from);
  }

  copy(): SeqRanges {
    const copy = new SeqRanges(this.#mark);
    copy.#ahead = this.#ahead.map((range) => ({ ...range }));
    return copy;
  }
}
