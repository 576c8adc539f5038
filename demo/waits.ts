/** Waiting for a condition that others make true: looked at on every change, at least each second, never for ever. */

export type Waits = {
  readonly changed: () => void;
  /** True as soon as the condition holds; false after `waitMs` or on the signal. */
  readonly until: (isTrue: () => boolean, waitMs: number) => Promise<boolean>;
};

/** Conditions that time alone makes true are looked at this often. */
const LOOK_EVERY_MS = 1000;

export function createWaits(signal: AbortSignal): Waits {
  const wakers = new Set<() => void>();
  const changed = () => {
    for (const wake of wakers) wake();
  };
  signal.addEventListener('abort', changed, { once: true });
  return {
    changed,
    until: async (isTrue, waitMs) => {
      const deadlineMs = performance.now() + waitMs;
      while (!isTrue()) {
        const leftMs = deadlineMs - performance.now();
        if (leftMs <= 0 || signal.aborted) return false;
        await new Promise<void>((resolve) => {
          const wake = () => {
            clearTimeout(timer);
            wakers.delete(wake);
            resolve();
          };
          const timer = setTimeout(wake, Math.min(leftMs, LOOK_EVERY_MS));
          wakers.add(wake);
        });
      }
      return true;
    },
  };
}
