/** What the hub must be told of this agent's time: the offset that dates what was stamped since boot, and the skew. */
import { type EdgeClock, type EventRecord, MONOTONIC_LIMIT_MS, type SkewEvent } from '@commonworks/core';
import type { AgentTime } from './time-trust.ts';

export type TimeNews = {
  /** As `AgentTime.stamp`, and remembered: what is stamped since boot must be dated some day. */
  readonly stamp: (timeMs: number) => number;
  /** Lives of this boot that the outbox knows to wait for their date. */
  readonly expect: (lives: readonly string[]) => void;
  /** What is to be told now, each once. */
  readonly take: () => EventRecord[];
};

/** A smaller change of the offset is the wire's. */
const SKEW_CHANGE_MS = 100;
const SKEW_PERIOD_MS = 3_600_000;

export function createTimeNews(time: AgentTime, life: string): TimeNews {
  const undated = new Set<string>();
  let toldMs: number | null = null;
  const takeDates = (): EventRecord[] => {
    const offsetMs = time.datingMs();
    if (offsetMs === null || offsetMs < 0 || undated.size === 0) return [];
    const lives = [...undated];
    undated.clear();
    if (lives.includes(life)) toldMs = offsetMs;
    return lives.map((boot) => event('clock', { boot, offsetMs }));
  };
  const stamp = (timeMs: number) => {
    const stampMs = time.stamp(timeMs);
    // Told already and unchanged: the hub dates it by what it knows.
    if (stampMs < MONOTONIC_LIMIT_MS && (toldMs === null || toldMs !== time.datingMs())) undated.add(life);
    return stampMs;
  };
  const event = (type: string, body: EventRecord['body']): EventRecord => {
    return { device: 'edge', type, timeMs: time.stamp(time.now()), body };
  };
  const skew = createSkewWatch(time);
  return {
    stamp,
    expect: (lives) => {
      for (const one of lives) undated.add(one);
    },
    take: () => {
      const changed = skew.take();
      return [...(changed === null ? [] : [event('skew', changed)]), ...takeDates()];
    },
  };
}

/** The skew whenever it has changed, and once an hour; nothing in a demo, and nothing before anything is known. */
function createSkewWatch(time: AgentTime) {
  let told: { readonly clock: EdgeClock; readonly atMs: number } | null = null;
  return {
    take: (): SkewEvent | null => {
      const clock = time.knowledge();
      const atMs = time.monotonicMs();
      if (time.hearHub === null || (told === null && clock.source === 'none' && clock.offsetMs === null)) return null;
      if (told !== null && atMs - told.atMs < SKEW_PERIOD_MS && !hasChanged(told.clock, clock)) return null;
      told = { clock, atMs };
      const { offsetMs, errorMs, isTrusted, source } = clock;
      return { offsetMs, errorMs, isTrusted, source };
    },
  };
}

function hasChanged(before: EdgeClock, now: EdgeClock): boolean {
  if (before.isTrusted !== now.isTrusted || before.source !== now.source) return true;
  if (before.offsetMs === null || now.offsetMs === null) return before.offsetMs !== now.offsetMs;
  return Math.abs(now.offsetMs - before.offsetMs) > SKEW_CHANGE_MS;
}
