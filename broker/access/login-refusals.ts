/** The last reason why each enrolled edge was not let in: an agent in a cellar cannot say it, so the broker does. */
import type { Clock, ErrorCode, LoginRefusal } from '@commonworks/core';

export type Refused = {
  /** Names the stranger gave: user, client id. Not proven, so the address is kept beside the reason. */
  readonly names: readonly string[];
  readonly address: string;
  readonly code: ErrorCode;
  readonly reason: string;
};

export class LoginRefusals {
  readonly #last = new Map<string, LoginRefusal>();
  readonly #options: { isEdge: (name: string) => boolean; now: Clock };

  /** Only names of enrolled edges are kept: so strangers cannot push anything out, and the list bounds it. */
  constructor(options: { isEdge: (name: string) => boolean; now: Clock }) {
    this.#options = options;
  }

  note({ names, address, code, reason }: Refused): void {
    const edge = names.find((name) => this.#options.isEdge(name));
    if (edge === undefined) return;
    const known = this.#last.get(edge);
    // Who fails too often is turned away unheard; what helps is to know why the first tries failed.
    const cause = known !== undefined && code === 'broker.logins-throttled' ? known : { code, reason };
    const { code: lastCode, reason: lastReason } = cause;
    this.#last.set(edge, { edge, atMs: this.#options.now(), code: lastCode, reason: lastReason, address });
  }

  /** It is in: what kept it out is over. */
  forget(edge: string): void {
    this.#last.delete(edge);
  }

  /** Of those that are still enrolled. */
  list(): LoginRefusal[] {
    for (const edge of this.#last.keys()) if (!this.#options.isEdge(edge)) this.#last.delete(edge);
    return [...this.#last.values()];
  }
}
