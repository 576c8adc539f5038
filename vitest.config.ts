/** Kinds of test: `unit` beside the code, in seconds; in test/, with real peers and processes, `idle`, `pairs` and `system`. */
import { defineConfig } from 'vitest/config';

const shared = { pool: 'forks' as const, restoreMocks: true };
const real = { ...shared, testTimeout: 300_000, hookTimeout: 120_000 };
/** Two of them wait: two cores have room for as many beside. */
const BESIDE = 4;
/** Most of their time nothing happens: a minute without a register, an auditor that takes its time. They run beside the unit tests. */
const IDLE = [
  'test/audit.test.ts',
  'test/edge-meter.test.ts',
  'test/edge-never-seen.test.ts',
  'test/demo-slow-start.test.ts',
];
/** A whole site or a browser has the machine for itself; the others, with a process or two, run in pairs. */
const ALONE = ['demo', 'fault-run', 'kill', 'pages', 'people-page', 'staff-pages'].map(
  (name) => `test/${name}.test.ts`,
);

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
      // Projects begin in the order of their names: these before the unit tests.
      { test: { ...real, name: 'idle', include: IDLE, maxWorkers: BESIDE } },
      {
        test: {
          ...real,
          name: 'pairs',
          include: ['test/**/*.test.ts'],
          exclude: ['test/tidy.test.ts', ...IDLE, ...ALONE, '**/node_modules/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...real, name: 'system', include: ALONE, fileParallelism: false } },
    ],
  },
});
