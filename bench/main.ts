/** `npm run bench -- NAME`: runs one benchmark and prints its table; without a name it lists them. */

/** Every benchmark file exports `run`, which prints and returns when done. */
const BENCHMARKS: Record<string, () => Promise<{ run: () => Promise<void> }>> = {
  allocation: () => import('./allocation.ts'),
  derive: () => import('./derive.ts'),
  flood: () => import('./flood.ts'),
  ingest: () => import('./ingest.ts'),
  store: () => import('./store.ts'),
};

const [name = ''] = process.argv.slice(2);
const load = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
if (load === undefined) {
  process.stderr.write(`Usage: npm run bench -- NAME, with one of: ${Object.keys(BENCHMARKS).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await (await load()).run();
}
