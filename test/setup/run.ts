/** `npm test`: installs what the tests need, then types, lint, dead code, tidy, unit, build, system and browser tests. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages } from './packages.ts';

const isLong = process.argv.includes('--long');
const report = join(mkdtempSync(join(tmpdir(), 'commonworks-test-')), 'report.json');
const env = { ...process.env, ...(isLong ? { LONG: '1' } : {}) };

const steps: [string, string[]][] = [
  ['types', ['tsc', '--noEmit']],
  ['types of the web app', ['tsc', '--noEmit', '-p', 'dashboard']],
  ['format and lint', ['biome', 'check', '--error-on-warnings', '.']],
  ['dead code', ['knip']],
  ['web app', ['vite', 'build', 'dashboard', '--logLevel', 'warn']],
  ['tests', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]],
];

installPackages();
for (const [title, [command = '', ...args]] of steps) {
  const startedMs = performance.now();
  process.stdout.write(`\n== ${title}\n`);
  const { status } = spawnSync(join('node_modules', '.bin', command), args, { stdio: 'inherit', env });
  process.stdout.write(
    `== ${title}: ${status === 0 ? 'ok' : 'FAILED'} in ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`,
  );
  if (command === 'vitest') printCount();
  if (status !== 0) process.exit(1);
}

function printCount(): void {
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8')) as Record<
    string,
    number
  >;
  process.stdout.write(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`);
}
