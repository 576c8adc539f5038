/** What a viewer has not been sent yet: each kind of change of each edge has its turn, and the most numerous lose the oldest. */
import type { Change } from './event-hub.ts';

export class PendingChanges {
  readonly #max: number;
  /** By whose they are, in the order of their turns; within each the oldest first. */
  readonly #groups = new Map<string, Map<string, Change>>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** The newest change of a thing takes the place of an older one. */
  note(change: Change): void {
    const name = `${change.name}/${change.from ?? ''}`;
    const group = this.#groups.get(name) ?? new Map<string, Change>();
    this.#groups.set(name, group);
    if (!group.has(change.id)) this.#size += 1;
    group.set(change.id, change);
    if (this.#size > this.#max) this.#dropOne();
  }

  /** Undefined when there is none. */
  take(): Change | undefined {
    const [turn] = this.#groups;
    if (turn === undefined) return undefined;
    const [name, group] = turn;
    const [first] = group;
    this.#groups.delete(name);
    if (first === undefined) return this.take();
    group.delete(first[0]);
    this.#size -= 1;
    if (group.size > 0) this.#groups.set(name, group);
    return first[1];
  }

  #dropOne(): void {
    let largest: Map<string, Change> | undefined;
    for (const group of this.#groups.values()) if (group.size > (largest?.size ?? 0)) largest = group;
    const [oldest] = largest?.keys() ?? [];
    if (oldest !== undefined && largest?.delete(oldest)) this.#size -= 1;
  }
}
