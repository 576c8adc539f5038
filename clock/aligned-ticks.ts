/** When the next aligned tick is due, and a wait that a change of the clock can interrupt. */
import { invariant } from '@commonworks/core';

/** The first multiple of `periodMs` plus `offsetMs` that is later than `afterMs`. */
export function nextTick(afterMs: number, periodMs: number, offsetMs = 0): number {
  invariant(periodMs > 0, 'a tick period is positive');
  return (Math.floor((afterMs - offsetMs) / periodMs) + 1) * periodMs + offsetMs;
}

/** One sleep is never longer, so that a stepped machine clock (a Pi that finds NTP late) is noticed soon. */
const SLEEP_MAX_MS = 10_000;

/** Resolves after `delayMs` at the latest, or as soon as one of the signals is aborted; never rejects. */
export function pause(delayMs: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, Math.min(delayMs, SLEEP_MAX_MS)));
    for (const signal of signals) {
      if (signal.aborted) return end();
      signal.addEventListener('abort', end, { once: true });
    }
  });
}
