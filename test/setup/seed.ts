/** The seed of what a test does by chance: the same in every `npm test`, another in every `npm run test:long`, which searches. */

const FIXED = 1;

/** @param name of the environment variable that repeats a run, like `FAULT_SEED`. */
export function seedOf(name: string): number {
  const given = process.env[name];
  if (given !== undefined) return Number(given);
  return process.env['LONG'] === '1' ? Date.now() % 100_000 : FIXED;
}
