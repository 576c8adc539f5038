/** How many dead letters each edge has, and their bytes: in memory, so that a letter costs no count of the others. */

export type LettersHeld = { readonly letters: number; readonly bytes: number };

const NONE: LettersHeld = { letters: 0, bytes: 0 };

export class LetterAccounts {
  readonly #held = new Map<string, LettersHeld>();
  /** As they were before this transaction. */
  readonly #before = new Map<string, LettersHeld>();
  #total = NONE;
  #totalBefore = NONE;

  get total(): LettersHeld {
    return this.#total;
  }

  of(edge: string): LettersHeld {
    return this.#held.get(edge) ?? NONE;
  }

  /** Negative for those that are gone. */
  add(edge: string, letters: number, bytes: number): void {
    const held = this.of(edge);
    if (!this.#before.has(edge)) this.#before.set(edge, held);
    this.#set(edge, { letters: held.letters + letters, bytes: held.bytes + bytes });
    this.#total = { letters: this.#total.letters + letters, bytes: this.#total.bytes + bytes };
  }

  /** The edge that holds the most; null when none holds any. Looks at every edge. */
  largest(by: keyof LettersHeld): (LettersHeld & { readonly edge: string }) | null {
    let largest: (LettersHeld & { edge: string }) | null = null;
    for (const [edge, held] of this.#held) {
      if (largest === null || held[by] > largest[by]) largest = { edge, ...held };
    }
    return largest;
  }

  committed(): void {
    this.#before.clear();
    this.#totalBefore = this.#total;
  }

  rolledBack(): void {
    for (const [edge, held] of this.#before) this.#set(edge, held);
    this.#before.clear();
    this.#total = this.#totalBefore;
  }

  #set(edge: string, held: LettersHeld): void {
    if (held.letters === 0) this.#held.delete(edge);
    else this.#held.set(edge, held);
  }
}
