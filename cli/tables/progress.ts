/** A word on standard error about work that takes longer than two seconds. */

const QUIET_MS = 2000;

/** Returns a function to call as often as one likes; it speaks at most every two seconds, never in the first two. */
export function createProgress(what: string): (done: number) => void {
  let spokenMs = performance.now();
  return (done) => {
    const nowMs = performance.now();
    if (nowMs - spokenMs < QUIET_MS) return;
    spokenMs = nowMs;
    process.stderr.write(`${what}: ${done.toLocaleString('en')}\n`);
  };
}
