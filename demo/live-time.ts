/** Demo time while it runs: `speed` times real time, never ahead of it; once it has caught up, real time itself. */

export type LiveTime = {
  readonly nowMs: () => number;
  /** 1 once it has caught up. */
  readonly speed: () => number;
};

export type LiveStart = { readonly fromMs: number; readonly speed: number };

export function startLiveTime({ fromMs, speed }: LiveStart, realNow: () => number): LiveTime {
  const startedMs = realNow();
  let hasCaughtUp = speed === 1;
  const nowMs = () => {
    const realMs = realNow();
    const atMs = hasCaughtUp ? realMs : fromMs + (realMs - startedMs) * speed;
    if (atMs >= realMs) hasCaughtUp = true;
    // A machine clock that is set back must not take the world back.
    return Math.max(fromMs, Math.floor(Math.min(atMs, realMs)));
  };
  return {
    nowMs,
    speed: () => {
      nowMs();
      return hasCaughtUp ? 1 : speed;
    },
  };
}

/** With a speed above 1 people want to watch days go by: the replay ends at dawn of the day before yesterday's next. */
const WATCH_FROM_UTC_HOUR = 5;
const DAY_MS = 86_400_000;

/** Until when the past is replayed in lock-step. */
export function replayEndMs(realMs: number, speed: number): number {
  if (speed === 1) return realMs;
  return Math.floor(realMs / DAY_MS) * DAY_MS - DAY_MS + WATCH_FROM_UTC_HOUR * 3_600_000;
}
