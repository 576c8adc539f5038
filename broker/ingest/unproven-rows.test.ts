/** Rows of packs, marks and declared ranges that were changed: none is believed, told to an edge, or held against it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodePack } from '@commonworks/core';
import { readLog } from '@commonworks/telemetry/log/read-log.ts';
import { afterAll, expect, it } from 'vitest';
import { commitPacks } from './commit-packs.ts';
import { type OpenedLog, openLog } from './open-log.ts';
import { verifyLog } from './verify-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonworks-unproven-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const newPath = () => join(mkdtempSync(join(folder, 'site-')), 'telemetry.db');

const NOW = Date.UTC(2026, 10, 28);
const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [EDGE, EPOCH, BOOT] = [uuid(1), uuid(2), uuid(3)];
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, k) => from + k);
const open = (path: string) => openLog(path, { witness: null, nowMs: NOW });

function send(log: OpenedLog, seqs: readonly number[], gap?: { fromSeq: number; toSeq: number }) {
  const body = { epoch: EPOCH, ...gap, reason: 'full' };
  const events = gap === undefined ? [] : [{ device: 'edge', type: 'gap', timeMs: NOW, body }];
  return seqs.flatMap((seq) => {
    const pack = Buffer.from(encodePack({ edge: EDGE, epoch: EPOCH, seq, boot: BOOT, samples: [], events }));
    return commitPacks(log, [{ edge: EDGE, body: pack, receivedMs: NOW }]).outcomes;
  });
}

function change(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

it.each(["hash = x'00'", 'hash = zeroblob(32)', "body = x'00'", "row_check = x'0000000000000000'"])(
  'a pack with another %s has no hash in the mark, and the pack that comes again is taken in its place',
  (set) => {
    const path = newPath();
    const made = open(path);
    send(made, range(1, 9));
    // The newest entry is another one: a log whose newest is damaged is written anew.
    const other = Buffer.from(
      encodePack({ edge: uuid(9), epoch: uuid(8), seq: 1, boot: BOOT, samples: [], events: [] }),
    );
    commitPacks(made, [{ edge: uuid(9), body: other, receivedMs: NOW }]);
    expect(made.log.mark(EDGE, EPOCH).hash).toHaveLength(64);
    made.close();
    change(path, `UPDATE pack SET ${set} WHERE seq = 9`);
    const log = open(path);
    expect(log.salvaged).toBe(null);
    expect(log.log.mark(EDGE, EPOCH)).toMatchObject({ seq: 9, hash: null });
    expect(send(log, [9])).toEqual(['held']);
    expect(log.log.mark(EDGE, EPOCH)).toMatchObject({ seq: 9, hash: expect.any(String), wanted: [] });
    expect(send(log, [9])).toEqual(['repeated']);
    const { entries, holes } = readLog(log.db, { after: 0, limit: 100 });
    expect(entries.map(({ cursor, seq }) => [cursor, seq]).at(-1)).toEqual([11, 9]);
    expect(holes).toMatchObject([{ fromCursor: 9, seq: 9 }]);
    log.close();
  },
);

it('a mark that was raised over a pack that never came asks for it', () => {
  const path = newPath();
  const made = open(path);
  send(made, [...range(1, 10), ...range(12, 20)]);
  expect(made.log.mark(EDGE, EPOCH).seq).toBe(10);
  made.close();
  change(path, 'UPDATE source SET mark = 14');
  expect(verifyLog(path, { witness: null }).verdict).toBe('damaged');
  const log = open(path);
  const wanted = [{ epoch: EPOCH, fromSeq: 11, toSeq: 11 }];
  expect(log.log.mark(EDGE, EPOCH)).toMatchObject({ seq: 20, wanted });
  expect(send(log, [11])).toEqual(['held']);
  expect(log.log.mark(EDGE, EPOCH).wanted).toEqual([]);
  log.close();
});

it.each([
  'DELETE FROM held_range',
  'UPDATE held_range SET to_seq = to_seq + 1048576',
  'UPDATE held_range SET from_seq = 1',
])('%s: the mark does not follow, and what the range accounted for is asked for', (sql) => {
  const path = newPath();
  const made = open(path);
  send(made, range(1, 4));
  send(made, [9], { fromSeq: 5, toSeq: 8 });
  expect(made.log.mark(EDGE, EPOCH).seq).toBe(9);
  made.close();
  change(path, sql);
  expect(verifyLog(path, { witness: null }).verdict).toBe('damaged');
  const log = open(path);
  expect(log.log.mark(EDGE, EPOCH)).toMatchObject({ seq: 9, wanted: [{ epoch: EPOCH, fromSeq: 5, toSeq: 8 }] });
  expect(log.db.prepare('SELECT count(*) AS n FROM held_range').get()).toEqual({ n: 0 });
  log.close();
  const again = open(path);
  expect(again.log.holes.state().holes).toMatchObject([{ packs: 4, asked: 4 }]);
  send(again, [10], { fromSeq: 5, toSeq: 8 });
  expect(again.log.mark(EDGE, EPOCH)).toMatchObject({ seq: 10, wanted: [] });
  expect(again.log.holes.state().holes).toMatchObject([{ packs: 4, asked: 0, declared: 4 }]);
  again.close();
});
