/** `commonworks log verify` and `log repair` as an operator meets them: words, exit codes, a backup put to use. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodePack } from '@commonworks/core';
import { expect, it } from 'vitest';
import { commitPacks } from '../broker/ingest/commit-packs.ts';
import { openLog } from '../broker/ingest/open-log.ts';
import { newBrokerSite } from './peers/broker-process.ts';

const run = promisify(execFile);
const NOW = Date.now();
const [EDGE, EPOCH, BOOT] = [randomUUID(), randomUUID(), randomUUID()];

async function commonworks(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, ['cli/main.ts', ...args]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

function addPacks(path: string, from: number, to: number): void {
  const log = openLog(path, { witness: null, nowMs: NOW });
  for (let seq = from; seq <= to; seq++) {
    const sample = {
      device: 'meter',
      point: 'importedWh',
      timeMs: NOW - 9_000_000 + seq * 1000,
      value: seq,
      quality: 'good',
    } as const;
    const body = Buffer.from(encodePack({ edge: EDGE, epoch: EPOCH, seq, boot: BOOT, samples: [sample], events: [] }));
    commitPacks(log, [{ edge: EDGE, body, receivedMs: NOW }]);
  }
  log.close();
}

/** Changes a digit of the reading within each of these packs. */
function damage(path: string, seqs: readonly number[]): void {
  const bytes = readFileSync(path);
  for (const seq of seqs) {
    const at = bytes.indexOf(`${EPOCH}.${seq}.`);
    const value = bytes.indexOf('"v":', at) + 4;
    bytes[value] = (bytes[value] ?? 0) === 0x39 ? 0x38 : 0x39;
  }
  writeFileSync(path, bytes);
}

it('tells what is damaged, fills it from a backup, and finds nothing wrong then', async () => {
  using site = newBrokerSite();
  const data = join(site.dir, 'data');
  const path = join(data, 'telemetry.db');
  mkdirSync(data, { recursive: true });
  expect(await commonworks('log', 'verify', site.dir)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('telemetry.log-missing'),
  });
  addPacks(path, 1, 60);
  mkdirSync(join(site.dir, 'backup'));
  copyFileSync(path, join(site.dir, 'backup', 'telemetry.db'));
  addPacks(path, 61, 100);
  expect(await commonworks('log', 'verify', site.dir)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^sound: 100 packs/),
  });
  damage(path, [20, 21, 80]);
  const told = await commonworks('log', 'verify', site.dir);
  expect(told.code).toBe(1);
  expect(told.stdout).toMatch(
    /2 packs of edge .*, numbers 20 to 21: their bytes were changed, came after .* and before/,
  );
  expect(told.stdout).toMatch(/1 pack of edge .*, number 80/);
  const json = JSON.parse((await commonworks('log', 'verify', site.dir, '--json')).stdout) as { verdict: string };
  expect(json).toMatchObject({ verdict: 'damaged', packs: 97, damaged: [{ fromSeq: 20, toSeq: 21 }, { fromSeq: 80 }] });
  const running = openLog(path, { witness: null, nowMs: NOW });
  const refused = await commonworks('log', 'repair', site.dir);
  running.close();
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('telemetry.database-in-use') });
  const nowhere = await commonworks('log', 'repair', site.dir, '--from', join(site.dir, 'nowhere'));
  expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('telemetry.backup-unreadable') });
  const repaired = await commonworks('log', 'repair', site.dir, '--from', join(site.dir, 'backup'));
  expect(repaired.stdout).toMatch(/written anew: 97 packs are sound, 3 were lost/);
  expect(repaired.stdout).toMatch(/2 packs that were missing/);
  expect(repaired.stdout).toMatch(/still missing: 3 packs of edge .*: 2 came again, 1 are asked for/);
  expect(repaired.code).toBe(1);
  expect(readdirSync(data).some((name) => name.startsWith('telemetry.db.damaged-'))).toBe(true);
  const sound = await commonworks('log', 'verify', site.dir);
  expect(sound.stdout).toMatch(/^sound: 99 packs/);
  expect(sound.code).toBe(0);
});

it('makes a lost telemetry.db anew from the folder of a backup', async () => {
  using site = newBrokerSite();
  const data = join(site.dir, 'data');
  const path = join(data, 'telemetry.db');
  mkdirSync(data, { recursive: true });
  addPacks(path, 1, 60);
  // As `backup create` lays it out: the site's own files under site/.
  const backup = join(site.dir, '..', 'backup-2026-11-01T02-00-00Z');
  mkdirSync(join(backup, 'site', 'data'), { recursive: true });
  copyFileSync(join(site.dir, 'site.yaml'), join(backup, 'site', 'site.yaml'));
  copyFileSync(path, join(backup, 'site', 'data', 'telemetry.db'));
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  expect(await commonworks('log', 'repair', site.dir)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('telemetry.log-missing'),
  });
  const repaired = await commonworks('log', 'repair', site.dir, '--from', backup);
  expect(repaired).toMatchObject({ code: 0, stdout: expect.stringContaining('60 packs') });
  expect(await commonworks('log', 'verify', site.dir)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^sound: 60 packs/),
  });
});
