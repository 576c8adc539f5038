/** Times before the machine's clock can be trusted: monotonic milliseconds, and later the offset that dates them. */
import { type Clock, type EventRecord, MONOTONIC_LIMIT_MS } from '@commonworks/core';

/** A Raspberry Pi without network time wakes in 1970, or at its last shutdown; this software is younger than 2024. */
const TRUSTED_FROM_MS = Date.UTC(2024, 0, 1);

export type TimeTrust = {
  readonly isTrusted: () => boolean;
  /** A time of `now` as it goes into a pack: itself, or milliseconds since boot. */
  readonly stamp: (timeMs: number) => number;
  /** Once, when time became trusted after packs were stamped monotonically: the event that dates them. */
  readonly takeClockEvent: () => EventRecord | null;
};

export function createTimeTrust(options: { now: Clock; monotonicMs: () => number; boot: string }): TimeTrust {
  const { now, monotonicMs, boot } = options;
  let hasMonotonic = false;
  const isTrusted = () => now() >= TRUSTED_FROM_MS;
  return {
    isTrusted,
    stamp: (timeMs) => {
      if (timeMs >= TRUSTED_FROM_MS) return timeMs;
      hasMonotonic = true;
      const sinceBootMs = monotonicMs() - (now() - timeMs);
      return Math.min(Math.max(Math.round(sinceBootMs), 0), MONOTONIC_LIMIT_MS - 1);
    },
    takeClockEvent: () => {
      if (!hasMonotonic || !isTrusted()) return null;
      hasMonotonic = false;
      const body = { boot, offsetMs: Math.round(now() - monotonicMs()) };
      return { device: 'edge', type: 'clock', timeMs: now(), body };
    },
  };
}
