/** How much each edge holds of something all share, and whether it may have more: in memory, so that asking costs no query. */
import type { Share } from './edge-budgets.ts';

export class EdgeShares {
  readonly #share: Share;
  readonly #held = new Map<string, number>();
  #pooled = 0;
  #total = 0;

  constructor(share: Share) {
    this.#share = share;
  }

  get total(): number {
    return this.#total;
  }

  held(edge: string): number {
    return this.#held.get(edge) ?? 0;
  }

  hasRoom(edge: string, amount = 1): boolean {
    const { perEdge, reserved, pool, total } = this.#share;
    const before = this.held(edge);
    const after = before + amount;
    if (after > perEdge || this.#total + amount > total) return false;
    return after <= reserved || this.#pooled + this.#beyond(after) - this.#beyond(before) <= pool;
  }

  /** A negative amount is given back. What an earlier version left behind may be more than fits. */
  add(edge: string, amount = 1): void {
    const before = this.held(edge);
    const after = before + amount;
    if (after === 0) this.#held.delete(edge);
    else this.#held.set(edge, after);
    this.#pooled += this.#beyond(after) - this.#beyond(before);
    this.#total += amount;
  }

  #beyond(held: number): number {
    return Math.max(0, held - this.#share.reserved);
  }
}
