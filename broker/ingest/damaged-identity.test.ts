/** A log whose name or generations are damaged, and an older one that is damaged, too: written anew, told, and never grown by what never was. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodePack } from '@commonworks/core';
import { readLog } from '@commonworks/telemetry/log/read-log.ts';
import { afterAll, expect, it } from 'vitest';
import type { LogWitness } from '../broker-tables.ts';
import { commitPacks } from './commit-packs.ts';
import { type OpenedLog, openLog } from './open-log.ts';
import { setAside } from './set-aside.ts';
import { verifyLog } from './verify-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonworks-identity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const newPath = () => join(mkdtempSync(join(folder, 'site-')), 'telemetry.db');

const NOW = Date.UTC(2026, 10, 28);
const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [EDGE, EPOCH, BOOT] = [uuid(1), uuid(2), uuid(3)];
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, k) => from + k);

function send(log: OpenedLog, seqs: readonly number[]): void {
  for (const seq of seqs) {
    const body = Buffer.from(encodePack({ edge: EDGE, epoch: EPOCH, seq, boot: BOOT, samples: [], events: [] }));
    commitPacks(log, [{ edge: EDGE, body, receivedMs: NOW }]);
  }
}

/** 40 packs in each of two generations. */
function twoLives(): { path: string; witness: LogWitness } {
  const path = newPath();
  const log = openLog(path, { witness: null, nowMs: NOW });
  send(log, range(1, 40));
  log.identity.raise({ cause: 'rolled-back', nowMs: NOW, seenCursor: 60 });
  send(log, range(41, 80));
  const { generation, sinceMs } = log.identity.current;
  const witness = { log: log.identity.log, generation, sinceMs, head: log.log.head, hash: null, writtenMs: NOW };
  log.close();
  return { path, witness };
}

function change(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

const holesIn = ({ db }: OpenedLog) => Number(db.prepare('SELECT count(*) AS n FROM log_hole').get()?.['n']);

it.each([
  'DELETE FROM log_generation',
  'DELETE FROM log_generation WHERE generation = 2',
  "UPDATE log_generation SET cause = 'nobody knows' WHERE generation = 1",
  "UPDATE log_generation SET cause = '' WHERE generation = 2",
  'UPDATE log_generation SET generation = generation << 50 WHERE generation = 2',
  'UPDATE log_generation SET first_cursor = first_cursor + 1048576 WHERE generation = 2',
  'UPDATE log_generation SET first_cursor = 2 WHERE generation = 2',
  'DELETE FROM log_identity',
  "UPDATE log_identity SET log = 'another'",
])('%s: found, and written anew as a generation that nobody was told of, with no hole where nothing was', (sql) => {
  const { path, witness } = twoLives();
  change(path, sql);
  expect(verifyLog(path, { witness }).verdict).toBe('damaged');
  const log = openLog(path, { witness, nowMs: NOW });
  expect(log.salvaged).toMatchObject({ packs: 80, lost: 0, holes: [] });
  expect(log.identity.current).toMatchObject({ cause: 'repaired', afterCursor: 0 });
  expect(log.identity.current.generation).toBeGreaterThan(2);
  expect([log.identity.log, holesIn(log)]).toEqual([witness.log, 0]);
  const { entries, holes } = readLog(log.db, { after: 0, limit: 100 });
  expect([entries.map(({ seq }) => seq), holes]).toEqual([range(1, 80), []]);
  expect(log.log.marks()).toMatchObject([{ seq: 80, wanted: [] }]);
  log.close();
});

it('an older log without its head is not missing what a later one had', () => {
  const path = newPath();
  const made = openLog(path, { witness: null, nowMs: NOW });
  send(made, range(1, 100));
  const { log: name } = made.identity;
  made.close();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0, 0, 100));
  const head = 1_000_250;
  const witness = { log: name, generation: 2, sinceMs: NOW, head, hash: null, writtenMs: NOW };
  const log = openLog(path, { witness, nowMs: NOW });
  expect(log.salvaged).toMatchObject({ packs: 100, lost: 0 });
  expect([holesIn(log), log.identity.current.generation]).toEqual([0, 3]);
  expect(log.identity.current.firstCursor).toBeGreaterThan(head);
  log.close();
});

it('so many missing in a row that nobody knows anything of are one hole, remembered as one', () => {
  const path = newPath();
  const log = openLog(path, { witness: null, nowMs: NOW });
  send(log, range(1, 10));
  log.db.exec('UPDATE pack SET cursor = cursor + 200000, row_check = NULL WHERE cursor > 5');
  const { holes, found, next, entries } = readLog(log.db, { after: 0, limit: 100 });
  const hole = { fromCursor: 6, toCursor: 200_005, edge: null, epoch: null, seq: null, reason: 'missing' };
  expect([entries.length, holes]).toEqual([10, [hole]]);
  expect(setAside(log, found, NOW).count).toBe(200_000);
  expect(holesIn(log)).toBe(1);
  const again = readLog(log.db, { after: 3, limit: 100 });
  expect([again.holes, again.found, again.next]).toEqual([[hole], [], next]);
  expect(readLog(log.db, { after: 100, limit: 100 }).holes).toEqual([{ ...hole, fromCursor: 101 }]);
  expect(readLog(log.db, { after: 1, limit: 2 }).behind).toBe(7);
  log.close();
});
