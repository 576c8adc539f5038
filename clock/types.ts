/** What a process gets when it opens its clock. */
import type { Clock, ClockStatus } from '@commonworks/core';

export type OpenedClock = {
  /** UTC epoch milliseconds; never goes back in a demo, follows the machine's clock on a real site. */
  readonly now: Clock;
  /** Milliseconds of the same length that nobody sets: for ages and deadlines. Absent: `now` itself never goes back. */
  readonly elapsed?: Clock;
  status(): ClockStatus;
  /**
   * Aligned instants: whole multiples of `periodMs` plus `offsetMs`, computed from the clock each time, so they never
   * drift; instants that passed while the consumer was busy are skipped, not queued. For a driver in a replaying demo
   * it yields the world's own instants instead, each exactly once, and asking for the next says "I have finished".
   */
  ticks(periodMs: number, offsetMs?: number): AsyncIterableIterator<number>;
  close(): void;
};
