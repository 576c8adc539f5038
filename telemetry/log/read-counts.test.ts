import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openForReading, openOwnedDatabase } from '../sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '../sqlite/schema.ts';
import { inTransaction } from '../sqlite/transaction.ts';
import { Cursors } from './cursors.ts';
import { PackLog } from './pack-log.ts';
import { readCounts } from './read-counts.ts';

it('a reader tells of every mark and follower what the writer does', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'cw-counts-')), 'telemetry.db');
  const { db, close } = openOwnedDatabase(path, TELEMETRY_MIGRATIONS);
  const reading = openForReading(path);
  const [log, cursors] = [new PackLog(db), new Cursors(db)];
  expect(readCounts(reading)).toEqual({ head: 0, deadLetters: 0, waiting: [], marks: [], sinks: [] });
  for (const [edge, seq, nowMs] of [
    ['a', 1, 10],
    ['b', 1, 20],
    ['b', 3, 30],
    ['a', 2, 30],
  ] as const) {
    inTransaction(db, () => {
      log.insert({ edge, epoch: 'e', seq }, Buffer.from(`${edge}${seq}`), { nowMs, isTrusted: true });
      log.saveMarks();
    });
    log.committed();
  }
  cursors.save('influx', 3);
  const counts = readCounts(reading);
  expect(counts.marks).toEqual(log.marks().map(({ edge, epoch, seq, seenMs }) => ({ edge, epoch, seq, seenMs })));
  expect(counts.marks.map(({ edge, seq }) => [edge, seq])).toEqual([
    ['b', 1],
    ['a', 2],
  ]);
  expect([counts.head, counts.sinks]).toEqual([4, [{ name: 'influx', cursor: 3, behind: 1 }]]);
  reading.close();
  close();
});
