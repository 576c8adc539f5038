/** A rest for what does not answer, so that one dead device costs the others next to nothing. */

const REST_MAX_MS = 60_000;

export type Breaker = {
  /** Milliseconds to wait before the next try; 0 when it may be asked. */
  readonly restMs: () => number;
  readonly succeed: () => void;
  readonly fail: () => void;
};

/**
 * The first rest is `firstMs`, then it doubles up to a minute. On RTU the rest is also what lets a late reply pass
 * while others are asked, so it is never shorter than one timeout.
 */
export function createBreaker(firstMs: number, monotonicMs: () => number): Breaker {
  let failures = 0;
  let untilMs = 0;
  return {
    restMs: () => Math.max(0, untilMs - monotonicMs()),
    succeed: () => {
      failures = 0;
      untilMs = 0;
    },
    fail: () => {
      untilMs = monotonicMs() + Math.min(firstMs * 2 ** failures, REST_MAX_MS);
      failures = Math.min(failures + 1, 16);
    },
  };
}
