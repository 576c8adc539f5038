/** Notices that two agents live under one id: a copied SD card. Each throws the other out, for ever, and neither can know why. */

/** A process's boot id never comes back once another was there: if it does, both are alive. */
const BOOTS_KEPT = 8;
/** Without boot ids: an agent that lost its connection takes its old one over now and then, not this often. */
const TAKE_OVERS_MAX = 5;
const WITHIN_MS = 60_000;
const USERS_MAX = 10_100;

type Lives = { boots: string[]; takeOversMs: number[]; addresses: string[] };

export class SharedIds {
  readonly #elapsedMs: () => number;
  readonly #users = new Map<string, Lives>();

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  /** A connection threw out one of the same id; says so when that is no agent coming back. */
  takenOver(user: string, by: { readonly address: string; readonly from: string }): string | null {
    const lives = this.#of(user);
    const nowMs = this.#elapsedMs();
    lives.takeOversMs = [...lives.takeOversMs.filter((atMs) => nowMs - atMs < WITHIN_MS), nowMs];
    lives.addresses = [...new Set([...lives.addresses, by.from, by.address])].slice(-4);
    if (lives.takeOversMs.length < TAKE_OVERS_MAX) return null;
    return this.#words(lives, `they threw each other out ${lives.takeOversMs.length} times within a minute`);
  }

  /** An agent has said which of its lives it is. */
  told(user: string, boot: string): string | null {
    const lives = this.#of(user);
    if (lives.boots.at(-1) === boot) return null;
    const isBack = lives.boots.includes(boot);
    lives.boots = [...lives.boots.filter((known) => known !== boot), boot].slice(-BOOTS_KEPT);
    return isBack ? this.#words(lives, 'one that was thought over came back after another') : null;
  }

  #words({ addresses }: Lives, why: string): string {
    const from = addresses.length > 0 ? ` (from ${addresses.join(' and ')})` : '';
    return `two agents share this id${from}: ${why}`;
  }

  #of(user: string): Lives {
    const known = this.#users.get(user);
    if (known !== undefined) return known;
    if (this.#users.size >= USERS_MAX) this.#users.clear();
    const lives = { boots: [], takeOversMs: [], addresses: [] };
    this.#users.set(user, lives);
    return lives;
  }
}
