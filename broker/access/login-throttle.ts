/** Slows down guessing: a bucket of failures per address, and per address and user, that refills with time. */
import type { Clock } from '@commonworks/core';

const ADDRESS_FAILURES_MAX = 30;
const USER_FAILURES_MAX = 5;
const REFILL_MS = 60_000;
const BUCKETS_MAX = 20_000;

type Bucket = { failures: number; sinceMs: number };

export class LoginThrottle {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: Clock;

  constructor(now: Clock) {
    this.#now = now;
  }

  isBlocked(address: string, user: string): boolean {
    return this.#failures(address) >= ADDRESS_FAILURES_MAX || this.#failures(`${address} ${user}`) >= USER_FAILURES_MAX;
  }

  failed(address: string, user: string): void {
    for (const key of [address, `${address} ${user}`]) {
      const failures = this.#failures(key);
      this.#buckets.delete(key);
      this.#buckets.set(key, { failures: failures + 1, sinceMs: this.#now() });
    }
    // The map keeps insertion order: the longest quiet go first.
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size <= BUCKETS_MAX) break;
      this.#buckets.delete(key);
    }
  }

  #failures(key: string): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return 0;
    const isOver = Math.abs(this.#now() - bucket.sinceMs) >= REFILL_MS;
    return isOver ? 0 : bucket.failures;
  }
}
