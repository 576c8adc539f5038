/** One clock for each process: the machine's own, or in a demo the demo world's. */
import type { Clock } from '@commonworks/core';
import { openDemoClock } from './demo-client.ts';
import { openSystemClock } from './system.ts';
import type { OpenedClock } from './types.ts';

export type { OpenedClock } from './types.ts';

export type ClockOptions = {
  /** `host:port` of the demo clock (environment COMMONWORKS_CLOCK); absent on a real site. */
  readonly address?: string | undefined;
  /** Ends every iteration of `ticks`, and the connection. */
  readonly signal: AbortSignal;
  /** Shown in the world's log; names the process. */
  readonly name?: string;
  /** True for a process that reads devices: the replay waits until its `ticks` have been handled. */
  readonly isDriver?: boolean;
  /** The hub's own time, where it is more than the machine's clock; not for a demo. */
  readonly now?: Clock;
  /** How long to wait for the demo clock's first answer. */
  readonly connectTimeoutMs?: number;
};

/**
 * Without an address: the system clock. With one: resolves when the demo clock has told its time.
 * @throws CodedError `clock.unreachable` when the demo clock does not answer in time.
 */
export async function openClock(options: ClockOptions): Promise<OpenedClock> {
  if (options.address === undefined || options.address === '') return openSystemClock(options.signal, options.now);
  return openDemoClock({ ...options, address: options.address });
}
