/** Packs are taken once, however often and under whatever cursors the log gives them; what waited is kept when it falls back. */
import { encodePack, type LogEntry } from '@commonworks/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Db, openDatabase } from '../database.ts';
import { goBack, savePlace } from './log-place.ts';
import { metredCursor, processPage } from './process-page.ts';
import { takeNew, untake } from './taken-packs.ts';
import { TEST_LOG } from './test-page.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [edge, epoch, boot] = [uuid(2), uuid(3), uuid(4)] as const;
const T0 = Date.UTC(2026, 9, 1);
const bare = (cursor: number, seq: number, of = 3): LogEntry => ({
  ...{ cursor, seq, edge, epoch: uuid(of), receivedMs: 0, hash: '', body: '' },
});
const ranges = async (db: Db) =>
  (await db.selectFrom('taken_packs').selectAll().orderBy('epoch').orderBy('from_seq').execute()).map(
    (row) => `${Number(row.epoch.slice(-2))}:${row.from_seq}-${row.to_seq}`,
  );

it('takes each key once, in any order and pages, and keeps ranges that do not touch', async () => {
  const page = fc.array(fc.record({ seq: fc.integer({ min: 1, max: 40 }), of: fc.integer({ min: 1, max: 2 }) }));
  await fc.assert(
    fc.asyncProperty(fc.array(page, { maxLength: 8 }), async (pages) => {
      await using db = await openDatabase(':memory:');
      const taken = new Set<string>();
      let cursor = 0;
      for (const keys of pages) {
        const entries = keys.map(({ seq, of }) => bare(++cursor, seq, of));
        const expected = entries.filter((one, k) => {
          const key = `${one.epoch}/${one.seq}`;
          const isFirst = entries.findIndex((other) => `${other.epoch}/${other.seq}` === key) === k;
          return isFirst && !taken.has(key);
        });
        expect(await takeNew(db, entries)).toEqual(expected);
        for (const one of entries) taken.add(`${one.epoch}/${one.seq}`);
      }
      const kept = (await db.selectFrom('taken_packs').selectAll().execute()).reduce(
        (sum, row) => sum + row.to_seq - row.from_seq + 1,
        0,
      );
      expect(kept).toBe(taken.size);
    }),
    { numRuns: 30 },
  );
});

it('costs one row for each source, however many packs there are', async () => {
  await using db = await openDatabase(':memory:');
  for (let seq = 1; seq <= 50; seq++) await takeNew(db, [bare(seq, seq), bare(seq, seq, 5)]);
  expect(await ranges(db)).toEqual(['3:1-50', '5:1-50']);
  await untake(db, bare(0, 20));
  expect(await ranges(db)).toEqual(['3:1-19', '3:21-50', '5:1-50']);
});

it('counts what was read before keys were kept as taken, when it is read once more', async () => {
  await using db = await openDatabase(':memory:');
  await db
    .insertInto('log_place')
    .values({ ...TEST_LOG, reader: 'metering', hash: null, counted_cursor: 3 })
    .execute();
  const seqs = (
    await takeNew(
      db,
      [1, 2, 3, 4].map((n) => bare(n, n)),
    )
  ).map(({ seq }) => seq);
  expect([seqs, await ranges(db)]).toEqual([[4], ['3:1-4']]);
});

it('keeps what waits for its time when its cursor is given out again', async () => {
  await using db = await openDatabase(':memory:');
  const pack = (cursor: number, seq: number, events: { type: string; body: object }[] = []): LogEntry => {
    const told = events.map((event) => ({ device: 'edge', timeMs: 1, ...event, body: { ...event.body } }));
    // Below 2001: time since boot.
    const sample = { device: 'a', point: 'importedWh', timeMs: seq * 900_000, value: seq, quality: 'good' } as const;
    const body = encodePack({ edge, epoch, seq, boot, samples: [sample], events: told });
    return { cursor, edge, epoch, seq, receivedMs: T0 + 86_400_000, hash: '', body };
  };
  await processPage(db, { entries: [1, 2, 3].map((n) => pack(n, n)), next: 3 }, []);
  await savePlace(db, { ...TEST_LOG, hash: null });
  const changed = { log: TEST_LOG.log, generation: 2, commonCursor: 1 };
  expect(await db.transaction().execute((tx) => goBack(tx, changed, T0))).toBe(1);
  expect(await metredCursor(db)).toBe(1);
  const clock = { type: 'clock', body: { boot, offsetMs: T0 } };
  await processPage(db, { entries: [pack(2, 4), pack(3, 2), pack(4, 5, [clock])], next: 4 }, []);
  const kept = await db.selectFrom('register_sample').select('seq').orderBy('seq').execute();
  expect(kept.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  expect(await db.selectFrom('pending_pack').select('cursor').execute()).toEqual([]);
});
