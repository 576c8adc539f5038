/** The machine's own clock and its aligned ticks. */
import { nextTick, pause } from './aligned-ticks.ts';
import type { OpenedClock } from './types.ts';

/** `now` can be injected by tests. */
export function openSystemClock(signal: AbortSignal, now: () => number = Date.now): OpenedClock {
  const closed = new AbortController();
  const signals = [signal, closed.signal];
  async function* ticks(periodMs: number, offsetMs = 0): AsyncGenerator<number, undefined> {
    let lastMs = Number.NEGATIVE_INFINITY;
    for (;;) {
      // A clock slewed back by a little must not yield a tick twice; one set back by far starts anew.
      if (now() < lastMs - periodMs) lastMs = Number.NEGATIVE_INFINITY;
      const dueMs = nextTick(Math.max(now(), lastMs), periodMs, offsetMs);
      await pause(dueMs - now(), signals);
      if (signals.some((one) => one.aborted)) return;
      if (now() < dueMs) continue;
      // A wait that came late, a clock set forward: the newest tick that is due, not the oldest.
      lastMs = nextTick(now() - periodMs, periodMs, offsetMs);
      yield lastMs;
    }
  }
  return { now, status: () => ({ nowMs: now(), speed: 1, mode: 'system' }), ticks, close: () => closed.abort() };
}
