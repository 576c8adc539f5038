/** Who of those enrolled was cut or held back for what it did: told to people, since the one at fault cannot say it. */
import type { Clock, ErrorCode, Misuse } from '@commonworks/core';

export type Misdeed = {
  readonly user: string;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly address?: string;
};

/** Told for so long after the last time. */
const KEPT_MS = 3_600_000;

export class MisuseList {
  readonly #byKind = new Map<string, Misuse>();
  readonly #options: { isEnrolled: (user: string) => boolean; now: Clock };

  /** Only enrolled names are kept: so strangers cannot push anything out, and the access document bounds it. */
  constructor(options: { isEnrolled: (user: string) => boolean; now: Clock }) {
    this.#options = options;
  }

  /** Returns how often it happened since it began. */
  note({ user, code, reason, address = '' }: Misdeed): number {
    if (!this.#options.isEnrolled(user)) return 0;
    const nowMs = this.#options.now();
    const kind = `${user} ${code}`;
    const known = this.#byKind.get(kind);
    const isOver = known === undefined || Math.abs(nowMs - known.lastMs) > KEPT_MS;
    const { count, sinceMs } = isOver ? { count: 0, sinceMs: nowMs } : known;
    this.#byKind.set(kind, { user, code, reason, address, count: count + 1, sinceMs, lastMs: nowMs });
    return count + 1;
  }

  list(): Misuse[] {
    for (const [kind, { user, lastMs }] of this.#byKind) {
      const isOver = Math.abs(this.#options.now() - lastMs) > KEPT_MS;
      if (isOver || !this.#options.isEnrolled(user)) this.#byKind.delete(kind);
    }
    return [...this.#byKind.values()];
  }
}
