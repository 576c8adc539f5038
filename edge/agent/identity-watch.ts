/** When a device is asked who it is, and when that is news: first after a start, on change, once a day. */
import type { IdentityEvent } from '@commonworks/core';

/** A meter is exchanged with its power off, so after each absence it is asked at once; else so often. */
const ASK_MS = 600_000;
const TELL_MS = 86_400_000;

export type IdentityWatch = {
  /** Whether it is time to ask; `isBack`: the device was away, or is seen for the first time. */
  readonly isDue: (isBack: boolean) => boolean;
  /** The question was not answered: a device that is asked what it does not know may fall silent, so it is left alone. */
  readonly fail: () => void;
  /** The identity if it is to be told now, else null. Null in: the device does not say. */
  readonly take: (identity: IdentityEvent | null, timeMs: number) => IdentityEvent | null;
};

export function createIdentityWatch(monotonicMs: () => number): IdentityWatch {
  let askedMs = Number.NEGATIVE_INFINITY;
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  let told: { text: string; timeMs: number } | null = null;
  return {
    isDue: (isBack) => {
      if (monotonicMs() < quietUntilMs || (!isBack && monotonicMs() - askedMs < ASK_MS)) return false;
      askedMs = monotonicMs();
      return true;
    },
    fail: () => {
      quietUntilMs = monotonicMs() + ASK_MS;
    },
    take: (identity, timeMs) => {
      if (identity === null) return null;
      const text = JSON.stringify(identity);
      if (told !== null && told.text === text && Math.abs(timeMs - told.timeMs) < TELL_MS) return null;
      told = { text, timeMs };
      return identity;
    },
  };
}
