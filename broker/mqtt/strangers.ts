/** The pool of connections that have not logged in: small, per address and in all, the longest silent out first. */

export type StrangersLimits = { readonly strangersMax: number; readonly strangersPerAddressMax: number };

export type Stranger = {
  readonly address: string;
  /** It has said who it is, and is being looked at. */
  readonly hasSpoken: boolean;
};

export class Strangers<Kind extends Stranger> {
  readonly #limits: StrangersLimits;
  /** In the order they came. */
  readonly #here = new Set<Kind>();
  readonly #perAddress = new Map<string, number>();

  constructor(limits: StrangersLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#here.size;
  }

  /** Takes the newcomer in; returns who has to go for it. Never a reason to turn the newcomer away: it may be the honest one. */
  admit(newcomer: Kind): Kind | null {
    const ofAddress = this.#perAddress.get(newcomer.address) ?? 0;
    const isCrowded = ofAddress >= this.#limits.strangersPerAddressMax;
    const mayGo = (one: Kind) => !isCrowded || one.address === newcomer.address;
    const goes = isCrowded || this.#here.size >= this.#limits.strangersMax ? this.#oldest(mayGo) : null;
    if (goes !== null) this.leave(goes);
    this.#here.add(newcomer);
    this.#perAddress.set(newcomer.address, (this.#perAddress.get(newcomer.address) ?? 0) + 1);
    return goes;
  }

  /** It has logged in, or is gone. */
  leave(one: Kind): void {
    if (!this.#here.delete(one)) return;
    const left = (this.#perAddress.get(one.address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(one.address);
    else this.#perAddress.set(one.address, left);
  }

  #oldest(mayGo: (one: Kind) => boolean): Kind | null {
    let spoken: Kind | null = null;
    for (const one of this.#here) {
      if (!mayGo(one)) continue;
      if (!one.hasSpoken) return one;
      spoken ??= one;
    }
    return spoken;
  }
}
