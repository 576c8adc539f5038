/** What time it truly is, and waiting for something to come true in it. */
import { setTimeout as pause } from 'node:timers/promises';

/** Real time, whatever happens to this machine's own clock while the test runs. */
export function realNow(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}

/** @throws when it has not come true within the time. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  forMs: number,
  what: string | (() => string | Promise<string>),
): Promise<void> {
  const endMs = performance.now() + forMs;
  while (!(await isTrue())) {
    if (performance.now() > endMs)
      throw new Error(`waited ${forMs} ms for ${typeof what === 'string' ? what : await what()}`);
    await pause(50);
  }
}

export { pause };

/** mulberry32: a failing run can be repeated by its seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
