/** A telemetry.db that was deleted while packs stood in its write-ahead log only: they are taken from there, or it is kept. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePack, type Sample } from '@commonworks/core';
import { readLog } from '@commonworks/telemetry/log/read-log.ts';
import { afterAll, expect, it } from 'vitest';
import { commitPacks } from './commit-packs.ts';
import { openLog } from './open-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonworks-orphaned-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOW = Date.UTC(2026, 10, 28);
const [EDGE, EPOCH, BOOT] = [1, 2, 3].map((n) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`) as [
  string,
  string,
  string,
];
const open = (path: string) => openLog(path, { witness: null, nowMs: NOW });

/** As a power cut leaves it, but for the database, which somebody removed. */
function removed(name: string, packs: number): string {
  const path = join(folder, name);
  const log = open(path);
  for (let seq = 1; seq <= packs; seq++) {
    const samples: Sample[] = [{ device: 'm', point: 'importedWh', timeMs: NOW - seq, value: seq, quality: 'good' }];
    const body = Buffer.from(encodePack({ edge: EDGE, epoch: EPOCH, seq, boot: BOOT, samples, events: [] }));
    commitPacks(log, [{ edge: EDGE, body, receivedMs: NOW }]);
  }
  copyFileSync(`${path}-wal`, `${path}.kept`);
  log.close();
  for (const suffix of ['', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  copyFileSync(`${path}.kept`, `${path}-wal`);
  return path;
}

it('takes every pack from the write-ahead log, with its series and mark, and keeps the file', () => {
  const path = removed('telemetry.db', 300);
  const wal = readFileSync(`${path}-wal`);
  const log = open(path);
  const { entries } = readLog(log.db, { after: 0, limit: 1000 });
  expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, k) => k + 1));
  expect(log.log.mark(EDGE, EPOCH).seq).toBe(300);
  const key = { edge: EDGE, device: 'm', point: 'importedWh' } as const;
  expect(log.series.range(key, { fromMs: 0, toMs: NOW + 1 }).length).toBe(300);
  expect(log.orphanedWal).toMatch(/telemetry\.db-wal\.orphaned-2026-11-28T/);
  expect(readFileSync(log.orphanedWal ?? '').equals(wal)).toBe(true);
  expect(log.salvaged).toMatchObject({ packs: 300, lost: 0 });
  log.close();
  const again = open(path);
  expect([again.orphanedWal, again.salvaged]).toEqual([null, null]);
  again.close();
});

it('sets one aside that holds no pack, and begins a new log', () => {
  const path = join(folder, 'other.db');
  writeFileSync(`${path}-wal`, 'x'.repeat(20_000));
  const log = open(path);
  expect([log.log.head, log.salvaged]).toEqual([0, null]);
  expect(existsSync(log.orphanedWal ?? '')).toBe(true);
  log.close();
});

it('counts no damaged file of another database among those of its own', () => {
  const path = join(folder, 'counted.db');
  for (let n = 0; n < 6; n++) writeFileSync(join(folder, `broker.db.damaged-2026-11-28T0${n}-00-00.000Z`), '');
  open(path).close();
  writeFileSync(path, 'garbage'.repeat(1000));
  const log = open(path);
  expect(log.salvaged?.packs).toBe(0);
  log.close();
  expect(readdirSync(folder).filter((name) => name.startsWith('counted.db.damaged-'))).toHaveLength(1);
});
