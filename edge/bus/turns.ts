/** One at a time on a wire: urgent jobs (commands) go first, the rest in the order they came. */

/** More waiting jobs than this says that the wire is too slow for what is asked of it. */
const WAITING_MAX = 2000;

export type Turns = {
  readonly run: <T>(job: () => Promise<T>, isUrgent: boolean) => Promise<T>;
  readonly waiting: () => number;
};

export function createTurns(): Turns {
  const urgent: (() => void)[] = [];
  const normal: (() => void)[] = [];
  let isTaken = false;
  const release = () => {
    const next = urgent.shift() ?? normal.shift();
    if (next === undefined) isTaken = false;
    else next();
  };
  return {
    run: async (job, isUrgent) => {
      if (isTaken) {
        if (urgent.length + normal.length >= WAITING_MAX) throw new Error('too many jobs wait for this wire');
        await new Promise<void>((resolve) => (isUrgent ? urgent : normal).push(resolve));
      }
      isTaken = true;
      try {
        return await job();
      } finally {
        release();
      }
    },
    waiting: () => urgent.length + normal.length,
  };
}
