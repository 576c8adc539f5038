/** What one edge may take of what all share in the store, in one object: the arithmetic beside each number. */

const MEGABYTE = 1_000_000;

/**
 * `perEdge`: no edge holds more. `reserved`: of that, what no other edge can take from it. `pool`: what all edges together
 * may hold beyond their reserved parts. `total`: the written end of it, which sites of up to 10,000 edges never reach.
 */
export type Share = {
  readonly perEdge: number;
  readonly reserved: number;
  readonly pool: number;
  readonly total: number;
};

export type EdgeBudgets = {
  readonly series: Share;
  readonly words: Share;
  /** Of packs in quarantine, as they are stored. */
  readonly quarantineBytes: Share;
  readonly letters: {
    readonly perEdge: number;
    readonly bytesPerEdge: number;
    readonly total: number;
    readonly totalBytes: number;
    readonly ageMs: number;
    /** Of one pack and one kind of fault; the rest are counted in one more. */
    readonly perPack: number;
  };
  readonly epochs: number;
  readonly refusedPacks: number;
};

export const EDGE_BUDGETS: EdgeBudgets = {
  // 1,000 devices with all 25 points of the catalogue are 25,000; a home's three devices are some 30. A series is 440 bytes
  // of memory: 11 MB an edge, 220 MB the pool (20 edges of the largest kind), 660 MB at the very end. Their numbers have 24 bits.
  series: { perEdge: 25_000, reserved: 100, pool: 500_000, total: 1_500_000 },
  // States are words from short lists: 6 activities, some 20 states of a device type. A word of 100 letters is 200 bytes of
  // memory: 40 kB an edge, 10 MB the pool (250 edges at their bound), 50 MB at the very end.
  words: { perEdge: 200, reserved: 20, pool: 50_000, total: 250_000 },
  // 16 MB are 250 packs of the largest kind that do not compress, 16,000 of a kilobyte. The pool is 64 such edges.
  quarantineBytes: {
    perEdge: 16 * MEGABYTE,
    reserved: 0.25 * MEGABYTE,
    pool: 1000 * MEGABYTE,
    total: 3500 * MEGABYTE,
  },
  // Evidence, not the only copy: what a letter is about stands in the log. 48 bad packs at least, months of single faults.
  letters: {
    perEdge: 1000,
    bytesPerEdge: 4 * MEGABYTE,
    total: 100_000,
    totalBytes: 256 * MEGABYTE,
    // As old as the oldest reading that is taken: what came with a wrong clock can be looked at as long.
    ageMs: 400 * 86_400_000,
    perPack: 20,
  },
  // An epoch is the life of an outbox file, which ends when the file is lost or an older copy of it is put back: a hundred are a new
  // card each month for eight years. Each may hold up to 1,000 separate ranges in memory, 40 bytes each: 4 MB an edge.
  epochs: 100,
  // Packs that were refused for their time and are judged once more when it was the hub's clock that was wrong: the newest.
  refusedPacks: 1000,
};

/** What can be overrun; `count` are records, letters pushed out, or packs. */
export const BUDGET_NAMES = ['series', 'words', 'dead-letters', 'quarantine', 'epochs'] as const;
export type BudgetName = (typeof BUDGET_NAMES)[number];
export type Overrun = { readonly edge: string; readonly budget: BudgetName; readonly count: number };

/** What was asked for beyond a budget since it was last taken. */
export class Overruns {
  readonly #counts = new Map<string, { edge: string; budget: BudgetName; count: number }>();

  note(edge: string, budget: BudgetName, count = 1): void {
    if (count === 0) return;
    const key = `${budget}/${edge}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { edge, budget, count });
    else known.count += count;
  }

  take(): Overrun[] {
    const taken = [...this.#counts.values()];
    this.#counts.clear();
    return taken;
  }
}
