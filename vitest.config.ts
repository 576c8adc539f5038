/** Two kinds of test: `unit` beside the code, in seconds; `system` in test/, with real peers and processes. */
import { defineConfig } from 'vitest/config';

const shared = { pool: 'forks' as const, restoreMocks: true };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: [
            '{core,clock,firmware-bridge,edge,store,telemetry,broker,community,dashboard,flows,demo,cli}/**/*.test.ts',
            'test/tidy.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/dist/**'],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/tidy.test.ts', '**/node_modules/**'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
