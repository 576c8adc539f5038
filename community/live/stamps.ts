/** Agents' stamps brought into the hub's time, and which of them were ahead of it. */
import { type Clock, type EdgeStatus, SKEW_MAX_MS } from '@commonworks/core';

export type LiveClock = {
  /** The community's time. */
  readonly now: Clock;
  /** Milliseconds that only ever go on. */
  readonly elapsed: Clock;
};

/** By how much stamps of an agent were ahead at last, and when that came, by `elapsed`. */
type Ahead = { readonly byMs: number; readonly arrivedMs: number };

/** An agent's stamps count as ahead for so long after the last that was. */
const AHEAD_TOLD_MS = 120_000;

export type Stamps = {
  /** In the hub's time: one stamp ahead of it would make all that follow look late. */
  readonly align: (stampMs: number, edge: { id: string; status: EdgeStatus | undefined }) => number;
  /** Edges whose stamps are ahead of the hub's time; theirs were taken as of their arrival. */
  readonly ahead: () => { edge: string; byMs: number }[];
};

/** Without a clock stamps are taken as they are. */
export function createStamps(clock: LiveClock | undefined): Stamps {
  const ahead = new Map<string, Ahead>();
  return {
    align: (stampMs, { id, status }) => {
      if (clock === undefined) return stampMs;
      const told = status?.clock;
      const skewMs = told?.source === 'system' ? (told.offsetMs ?? 0) : 0;
      const aheadMs = stampMs - skewMs - clock.now();
      if (aheadMs <= SKEW_MAX_MS) return stampMs - skewMs;
      ahead.set(id, { byMs: aheadMs, arrivedMs: clock.elapsed() });
      return Math.trunc(clock.now());
    },
    ahead: () => {
      const nowMs = clock?.elapsed() ?? 0;
      return [...ahead].flatMap(([edge, { byMs, arrivedMs }]) =>
        nowMs - arrivedMs <= AHEAD_TOLD_MS ? [{ edge, byMs }] : [],
      );
    },
  };
}
