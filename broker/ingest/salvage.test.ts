/** What a salvage keeps beside the packs: what waits for its time, gaps, letters, followers, and rows of earlier versions. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type EventRecord, encodePack, type Sample } from '@commonworks/core';
import { readDeadLetters, readLog } from '@commonworks/telemetry/log/read-log.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { afterAll, expect, it } from 'vitest';
import { commitPacks, judgeSomeAgain } from './commit-packs.ts';
import { markerOf } from './damage-met.ts';
import { type OpenedLog, openLog } from './open-log.ts';
import { setAside } from './set-aside.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonworks-salvage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = () => join(folder, `log-${++files}.db`);

const NOW = Date.UTC(2026, 10, 28);
const HOUR = 3_600_000;
const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [EDGE, EPOCH, BOOT, HUB] = [uuid(1), uuid(2), uuid(3), uuid(4)];
const KEY = { edge: EDGE, device: 'meter', point: 'importedWh' } as const;
const open = (path: string) => openLog(path, { witness: null, nowMs: NOW });
const values = (log: OpenedLog) => log.series.range(KEY, { fromMs: 0, toMs: NOW + 9 * HOUR }).map(({ value }) => value);

type Sent = { stampMs?: number; boot?: string; events?: EventRecord[]; receivedMs?: number; isTrusted?: boolean };

function send(log: OpenedLog, seq: number, sent: Sent = {}): void {
  const { stampMs = NOW - HOUR + seq, boot = BOOT, events = [], receivedMs = NOW, isTrusted = true } = sent;
  const samples: Sample[] = [{ device: 'meter', point: 'importedWh', timeMs: stampMs, value: seq, quality: 'good' }];
  const body = Buffer.from(encodePack({ edge: EDGE, epoch: EPOCH, seq, boot, samples, events }));
  commitPacks(log, [{ edge: EDGE, body, receivedMs, hub: { isTrusted, boot: HUB, upMs: 1000 } }]);
}

/** Closes it, and opens it as after damage that a running broker met. */
function salvaged(log: OpenedLog): OpenedLog {
  log.close();
  writeFileSync(markerOf(log.path), '');
  return open(log.path);
}

it('keeps what waits for its time, waiting, and places it when the time is told', () => {
  const before = open(newPath());
  send(before, 1);
  send(before, 2, { stampMs: 5000 });
  send(before, 3, { stampMs: NOW + HOUR, receivedMs: NOW - HOUR, isTrusted: false });
  const log = salvaged(before);
  expect(values(log)).toEqual([1]);
  expect(log.clocks.waiting().map(({ reason, packs }) => `${reason} ${packs}`)).toEqual(['boot 1', 'hub 1']);
  const clock = { device: 'edge', type: 'clock', timeMs: NOW, body: { boot: BOOT, offsetMs: NOW - HOUR } };
  send(log, 4, { events: [clock] });
  const hub = { nowMs: NOW + 3 * HOUR, isTrusted: true, boot: HUB, upMs: 1000 + 2 * HOUR };
  judgeSomeAgain(log, { reason: 'hub', afterCursor: 0, hub });
  expect(values(log).sort()).toEqual([1, 2, 3, 4]);
  // Once more, with all of it placed: by the clock that was told, and by a hub that knew better later.
  const again = salvaged(log);
  expect(values(again).sort()).toEqual([1, 2, 3, 4]);
  expect(again.clocks.waiting()).toEqual([]);
  again.close();
});

it('keeps gaps, marks, letters and followers, and asks for what nothing accounts for', () => {
  const before = open(newPath());
  const gap = {
    device: 'edge',
    type: 'gap',
    timeMs: NOW,
    body: { epoch: EPOCH, fromSeq: 1, toSeq: 4, reason: 'full' },
  };
  send(before, 5, { events: [gap] });
  for (let seq = 6; seq <= 12; seq++) send(before, seq);
  commitPacks(before, [{ edge: EDGE, body: Buffer.from('no pack'), receivedMs: NOW }]);
  before.cursors.save('influx:home', 6);
  before.db.exec('DELETE FROM pack WHERE seq IN (8, 9)');
  const log = salvaged(before);
  expect(log.salvaged).toMatchObject({ packs: 6, lost: 2 });
  const wanted = [{ epoch: EPOCH, fromSeq: 8, toSeq: 9 }];
  expect(log.log.marks()).toMatchObject([{ edge: EDGE, seq: 12, wanted }]);
  expect([readDeadLetters(log.db, { after: 0, limit: 10 }).length, log.cursors.load('influx:home')]).toEqual([1, 6]);
  expect(log.identity.current).toMatchObject({ generation: 2, cause: 'repaired', afterCursor: 8 });
  send(log, 8);
  send(log, 9);
  expect(log.log.marks()[0]?.wanted).toEqual([]);
  expect(values(log)).toEqual([5, 6, 7, 10, 11, 12].concat([8, 9]).sort((a, b) => a - b));
  log.close();
});

it('reads rows of an earlier version by their hash and key, and gives them their check when it writes them anew', () => {
  const path = newPath();
  const made = open(path);
  for (let seq = 1; seq <= 5; seq++) send(made, seq);
  made.db.exec('UPDATE pack SET row_check = NULL');
  const whole = readLog(made.db, { after: 0, limit: 10 });
  expect([whole.entries.length, whole.holes]).toEqual([5, []]);
  made.db.exec('UPDATE pack SET seq = 77 WHERE cursor = 3');
  expect(readLog(made.db, { after: 0, limit: 10 }).holes).toMatchObject([{ fromCursor: 3, reason: 'row' }]);
  made.db.exec('UPDATE pack SET seq = 3 WHERE cursor = 3');
  const log = salvaged(made);
  expect(log.db.prepare('SELECT count(*) AS n FROM pack WHERE row_check IS NOT NULL').get()).toEqual({ n: 5 });
  log.close();
});

it('begins where the version before left off', () => {
  const path = newPath();
  const old = new DatabaseSync(path);
  for (const migration of TELEMETRY_MIGRATIONS.slice(0, 3)) old.exec(migration);
  old.exec('PRAGMA user_version = 3');
  old.close();
  const log = open(path);
  send(log, 1);
  expect([log.salvaged, readLog(log.db, { after: 0, limit: 10 }).entries.length]).toEqual([null, 1]);
  log.close();
});

it('takes a changed row out, and refuses other bytes in its place', () => {
  const log = open(newPath());
  for (let seq = 1; seq <= 3; seq++) send(log, seq);
  log.db.exec("UPDATE pack SET body = x'00', compression = 0 WHERE seq = 2");
  const { found } = readLog(log.db, { after: 0, limit: 10 });
  expect(setAside(log, found, NOW)).toMatchObject({
    count: 1,
    marks: [{ seq: 3, wanted: [{ fromSeq: 2, toSeq: 2 }] }],
  });
  send(log, 2, { stampMs: NOW - 1 });
  expect(log.log.holes.state().damage).toBe('damaged');
  send(log, 2);
  expect(log.log.holes.state()).toMatchObject({ damage: 'none', holes: [{ packs: 1, mended: 1 }] });
  log.close();
});

it('goes on where a power cut between its last steps left it', () => {
  const path = newPath();
  const made = open(path);
  send(made, 1);
  made.close();
  renameSync(path, `${path}.salvage`);
  writeFileSync(`${path}-wal`, 'of the damaged file');
  const log = open(path);
  expect(readLog(log.db, { after: 0, limit: 10 }).entries).toHaveLength(1);
  log.close();
  expect(existsSync(`${path}.damaged-before-wal`)).toBe(true);
});

it('does not fill the disk with damaged files', () => {
  const path = join(mkdtempSync(join(folder, 'again-')), 'telemetry.db');
  open(path).close();
  for (let time = 0; time < 5; time++) {
    writeFileSync(markerOf(path), '');
    openLog(path, { witness: null, nowMs: NOW + time }).close();
  }
  writeFileSync(markerOf(path), '');
  expect(() => open(path)).toThrow(expect.objectContaining({ code: 'telemetry.log-damaged-again' }));
  expect(readdirSync(join(path, '..')).filter((name) => /damaged-.*Z$/.test(name))).toHaveLength(5);
});
