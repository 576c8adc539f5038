/** The newest refusals of a target, one for each series and reason, so that a lasting one does not push out the others. */
import type { ProjectionStatus } from '@commonworks/core';
import type { Points } from './split-refused.ts';
import { seriesOf } from './split-refused.ts';

type Letter = ProjectionStatus['letters'][number];

export class RefusalLetters {
  /** In the order of their last refusal. */
  readonly #letters = new Map<string, Letter>();
  readonly #lettersMax: number;

  constructor(lettersMax: number) {
    this.#lettersMax = lettersMax;
  }

  keep(points: Points, at: Pick<Letter, 'reason' | 'atMs' | 'cursor'>): void {
    for (const [series, refused] of Map.groupBy(points, seriesOf)) {
      const key = `${series} ${at.reason}`;
      const known = this.#letters.get(key);
      const count = (known?.count ?? 0) + refused.length;
      const timeMs = refused.reduce((newest, point) => Math.max(newest, point.timeMs), known?.timeMs ?? 0);
      this.#letters.delete(key);
      this.#letters.set(key, { ...at, count, series, timeMs });
    }
    for (const key of this.#letters.keys()) {
      if (this.#letters.size <= this.#lettersMax) return;
      this.#letters.delete(key);
    }
  }

  newestLast(): Letter[] {
    return [...this.#letters.values()];
  }
}
