/** `npm test`: installs what the tests need, then types, lint, dead code, tidy, unit, build, system and browser tests. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages } from './packages.ts';

const isLong = process.argv.includes('--long');
const folder = mkdtempSync(join(tmpdir(), 'commonworks-test-'));
/** Hundreds of processes are started: what one has compiled the next need not. */
const code = { NODE_COMPILE_CACHE: join(folder, 'code') };
const env = { ...process.env, ...code, ...(isLong ? { LONG: '1' } : {}) };

const steps: [string, string[]][] = [
  ['types', ['tsc', '--noEmit']],
  ['types of the web app', ['tsc', '--noEmit', '-p', 'dashboard']],
  ['format and lint', ['biome', 'check', '--error-on-warnings', '.']],
  ['dead code', ['knip']],
  ['web app', ['vite', 'build', 'dashboard', '--logLevel', 'warn']],
];

installPackages();
for (const [title, command] of steps) run(title, command, { isLast: true });
runTests();

type Report = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};

/** Ends everything when the command fails, unless something else is tried then. */
function run(title: string, [command = '', ...args]: string[], { isLast }: { isLast: boolean }): boolean {
  const startedMs = performance.now();
  process.stdout.write(`\n== ${title}\n`);
  const { status } = spawnSync(join('node_modules', '.bin', command), args, { stdio: 'inherit', env });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  process.stdout.write(`== ${title}: ${status === 0 ? 'ok' : 'FAILED'} in ${seconds} s\n`);
  if (status !== 0 && isLast) process.exit(1);
  return status === 0;
}

/**
 * A process of the test runner has died by SIGSEGV twice in some forty runs, each time in another file, and nobody could
 * make it do so. Files that it took with it, and no others, are run once more, and the run says so.
 */
function runTests(): void {
  const first = vitest('tests', 'report.json', { files: [], isLast: false });
  const died = first.report.testResults.filter(
    ({ status, message, assertionResults }) =>
      status === 'failed' && message === '' && !assertionResults.some((one) => one.status === 'failed'),
  );
  const hasOnlyDied = first.report.numFailedTests === 0 && died.length > 0 && died.length === failedFiles(first.report);
  if (first.isGreen || !hasOnlyDied) process.exit(first.isGreen ? 0 : 1);
  process.stdout.write('\nA process of the test runner died in these files; they are run once more.\n');
  vitest('tests of the files it died in', 'again.json', { files: died.map(({ name }) => name), isLast: true });
}

function failedFiles({ testResults }: Report): number {
  return testResults.filter(({ status }) => status === 'failed').length;
}

function vitest(
  title: string,
  name: string,
  { files, isLast }: { files: readonly string[]; isLast: boolean },
): { isGreen: boolean; report: Report } {
  const file = join(folder, name);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const isGreen = run(title, ['vitest', 'run', ...reporters, ...files], { isLast });
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const { numPassedTests, numFailedTests, numPendingTests } = report;
  process.stdout.write(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`);
  return { isGreen, report };
}
