/** When to look whether a month can be settled: one that cannot is read whole to find that out. */

const HOUR_MS = 3_600_000;
/** What comes late for a month that is over often comes in many pages. */
const LATE_MS = 60_000;

export type WhenToLook = {
  /** Intervals that changed, start of the first and of the last; and the start of the month that is running. */
  readonly note: (changed: { readonly fromMs: number; readonly toMs: number }, runningFromMs: number) => void;
  /** @param elapsedMs of a clock that only goes on. True once for what was noted: look now. */
  readonly isDue: (elapsedMs: number) => boolean;
};

/** Once in an hour of data, and within a minute when something of a month that is over changed. */
export function createWhenToLook(): WhenToLook {
  let newestHour = 0;
  let lookedAtHour = 0;
  let lookedMs = Number.NEGATIVE_INFINITY;
  let isLate = false;
  return {
    note({ fromMs, toMs }, runningFromMs) {
      newestHour = Math.max(newestHour, Math.floor(toMs / HOUR_MS));
      isLate ||= fromMs < runningFromMs;
    },
    isDue(elapsedMs) {
      if (newestHour <= lookedAtHour && !(isLate && elapsedMs - lookedMs >= LATE_MS)) return false;
      lookedAtHour = newestHour;
      lookedMs = elapsedMs;
      isLate = false;
      return true;
    },
  };
}
