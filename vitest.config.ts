/** Three kinds of test: `unit` beside the code, in seconds; in test/, with real peers and processes, `system` and `waiting`. */
import { defineConfig } from 'vitest/config';

const shared = { pool: 'forks' as const, restoreMocks: true };
const real = { ...shared, testTimeout: 300_000, hookTimeout: 120_000 };
/** One of them waits: two cores have room for a third. */
const BESIDE = 3;
/** Most of their time nothing happens: a minute without a register, an edge that nobody sees. They run beside the unit tests. */
const WAITING = ['test/edge-meter.test.ts', 'test/edge-never-seen.test.ts', 'test/demo-slow-start.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          setupFiles: ['test/setup/same-cases.ts'],
          include: [
            '{core,clock,firmware-bridge,edge,store,telemetry,broker,community,dashboard,flows,demo,cli}/**/*.test.ts',
            'test/tidy.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/dist/**'],
          // Laws of hundreds of cases: seconds on an idle machine, and this only bounds a stuck one.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: BESIDE,
        },
      },
      { test: { ...real, name: 'waiting', include: WAITING, maxWorkers: BESIDE } },
      {
        test: {
          ...real,
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/tidy.test.ts', ...WAITING, '**/node_modules/**'],
          fileParallelism: false,
        },
      },
    ],
  },
});
