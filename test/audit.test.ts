/** A whole demo site that audits itself while it runs: all right, until somebody writes into its database. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BrokerStatus } from '@commonworks/core';
import type { InvariantAudit } from '@commonworks/core/audit/index.ts';
import { expect, it } from 'vitest';
import { auditSite } from '../cli/commands/audit.ts';
import { siteFiles } from '../cli/site/site-files.ts';
import { until } from './faults/real-time.ts';
import { type DemoUnderTest, startDemo } from './site/demo-under-test.ts';
import { foundBy } from './site/found-by.ts';
import { withDatabase } from './site/stored.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CHECKS = 10;

/** Checks of the community that have been through once. */
function roundsOf({ dir }: DemoUnderTest): number {
  return withDatabase(join(dir, 'data', 'community.db'), (db) =>
    Number(db.prepare('SELECT count(*) AS n FROM audit_check WHERE round_checked IS NOT NULL').get()?.['n']),
  );
}

async function brokerAudit({ dir, config }: DemoUnderTest): Promise<InvariantAudit[]> {
  const token = readFileSync(join(dir, 'keys', 'service.token'), 'utf8').trim();
  const url = `http://127.0.0.1:${config.listen.logPort}/status`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return ((await response.json()) as BrokerStatus).audit;
}

it('goes over all of its data while it runs, and finds what was changed behind its back', async () => {
  await using demo = await startDemo({ originMs: Date.now() - 6 * 3_600_000, seed: 7 });
  await until(
    () => roundsOf(demo) === CHECKS,
    150_000,
    () =>
      `a whole round\n${demo.lines
        .slice(-20)
        .map(({ text }) => text)
        .join('\n')}`,
  );
  const told = await brokerAudit(demo);
  expect(foundBy(told)).toEqual([]);
  expect(told.map(({ isWhole }) => isWhole)).toEqual([true, true, true, true]);
  expect(foundBy(await auditSite(demo.dir))).toEqual([]);
  await demo.stop();
  const { data } = siteFiles(demo.dir);
  using db = new DatabaseSync(join(data, 'community.db'));
  db.exec(
    'UPDATE interval_share SET energy_mwh = energy_mwh + 1 WHERE start_ms = (SELECT max(start_ms) FROM interval_total)',
  );
  const audited = promisify(execFile)(process.execPath, ['cli/main.ts', 'audit', demo.dir], { cwd: ROOT });
  const { code, stdout } = await audited.then(
    () => ({ code: 0, stdout: '' }),
    (error: { code: number; stdout: string }) => error,
  );
  expect(code).toBe(1);
  expect(stdout).toMatch(/WRONG {2}In every quarter hour, what was measured is what was shared/);
  expect(stdout).toMatch(/kWh were measured and .* kWh shared/);
  expect(stdout).toMatch(/1 of 11 checks found something/);
}, 300_000);
