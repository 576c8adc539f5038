/** A repair takes packs only from copies that are known to be of this site. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openLog } from './open-log.ts';
import { repairLog } from './repair-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonworks-of-site-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('refuses a copy of another log, unless its site.yaml or the caller vouches for it', () => {
  const [telemetryFile, other] = [join(folder, 'telemetry.db'), join(folder, 'other.db')];
  for (const file of [telemetryFile, other]) openLog(file, { witness: null, nowMs: 1 }).close();
  const files = { telemetryFile, brokerFile: join(folder, 'broker.db') };
  const repair = (more: object) => () => repairLog(files, { nowMs: 2, from: [other], ...more });
  const refused = expect.objectContaining({ code: 'telemetry.backup-of-another-site' });
  expect(repair({})).toThrow(refused);
  expect(repair({ isOfSite: () => false })).toThrow(refused);
  expect(repair({ isOfSite: () => true })().filled).toHaveLength(1);
  expect(repair({ ofAnotherLog: true })().filled).toHaveLength(1);
});
