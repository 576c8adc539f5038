/** The machine's own clock and its aligned ticks. */
import { nextTick, pause } from './aligned-ticks.ts';
import { kernelMs } from './machine-time.ts';
import type { OpenedClock } from './types.ts';

/** A time service corrects what is less than this by a slower second, and sets the clock for more. */
const SLEW_MAX_MS = 1000;

/** `now` can be injected by tests. */
export function openSystemClock(signal: AbortSignal, now: () => number = Date.now): OpenedClock {
  const closed = new AbortController();
  const signals = [signal, closed.signal];
  async function* ticks(periodMs: number, offsetMs = 0): AsyncGenerator<number, undefined> {
    let lastMs = Number.NEGATIVE_INFINITY;
    for (;;) {
      // A clock slewed back by a little must not yield a tick twice; one set back by more starts anew, or nothing would
      // be done until it has caught up.
      if (now() < lastMs - Math.min(periodMs, SLEW_MAX_MS)) lastMs = Number.NEGATIVE_INFINITY;
      const dueMs = nextTick(Math.max(now(), lastMs), periodMs, offsetMs);
      await pause(dueMs - now(), signals);
      if (signals.some((one) => one.aborted)) return;
      if (now() < dueMs) continue;
      // A wait that came late, a clock set forward: the newest tick that is due, not the oldest.
      lastMs = nextTick(now() - periodMs, periodMs, offsetMs);
      yield lastMs;
    }
  }
  return {
    now,
    elapsed: kernelMs,
    status: () => ({ nowMs: now(), speed: 1, mode: 'system' }),
    ticks,
    close: () => closed.abort(),
  };
}
