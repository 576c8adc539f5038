/** Dead letters and quarantined packs that are changed in the file: nothing of them is told as if it were theirs. */
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { TELEMETRY_MIGRATIONS } from '../sqlite/schema.ts';
import { inTransaction } from '../sqlite/transaction.ts';
import { DeadLetters } from './dead-letters.ts';
import { countDamagedLetters } from './letter-check.ts';
import { Quarantine } from './quarantine.ts';
import { readDeadLetters } from './read-log.ts';

const LONG = 'the bytes of a pack '.repeat(100);
const letter = { receivedMs: 1_795_000_000_000, edge: 'e1', code: 'core.pack-malformed', epoch: 'p1', seq: 4 } as const;

function filled(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  for (const migration of TELEMETRY_MIGRATIONS) db.exec(migration);
  const [letters, quarantine] = [new DeadLetters(db), new Quarantine(db)];
  inTransaction(db, () => {
    quarantine.keep({ ...letter, reason: 'short', body: Buffer.from('one') });
    quarantine.keep({ ...letter, reason: `cut ${'x'.repeat(495)}\u{1f600}`, body: Buffer.from(LONG) });
    letters.add({ ...letter, kind: 'record', reason: 'a record', body: Buffer.from('three') });
    letters.finish(null);
  });
  return db;
}

const read = (db: DatabaseSync, onDamaged?: (id: number) => void) =>
  readDeadLetters(db, { after: 0, limit: 10 }, onDamaged);

it('gives what was written, also where a reason was cut within a sign', () => {
  const db = filled();
  expect(read(db).map(({ text, seq }) => [text, seq])).toEqual([
    ['one', 4],
    [LONG, 4],
    ['three', 4],
  ]);
  expect(countDamagedLetters(db)).toBe(0);
});

it.each([
  ["body = CAST('two' AS BLOB)"],
  ["hash = CAST('two' AS BLOB)"],
  ["edge = 'e2'"],
  ["epoch = 'p2'"],
  ['epoch = NULL'],
  ['seq = 5'],
  ['received_ms = received_ms + 1'],
  ['received_ms = 1152921504606846976'],
  ["code = 'x'"],
  ["reason = 'y'"],
  ['compression = 1'],
  ["row_check = CAST('12345678' AS BLOB)"],
  ["kind = 'conflict'"],
])('tells nothing of a pack or a record with another %s', (change) => {
  for (const id of change.startsWith('hash') ? [1, 2] : [1, 2, 3]) {
    const db = filled();
    db.exec(
      `UPDATE dead_letter SET ${change === 'compression = 1' && id === 2 ? 'compression = 0' : change} WHERE id = ${id}`,
    );
    const damaged: number[] = [];
    const told = read(db, (found) => damaged.push(found));
    expect(told[id - 1]).toMatchObject({ id, text: '', code: 'telemetry.log-damaged', epoch: null, seq: null });
    expect(told[id - 1]?.reason).toMatch(/damaged/);
    expect(told.filter(({ text }) => text !== '')).toHaveLength(2);
    expect([damaged, countDamagedLetters(db)]).toEqual([[id], 1]);
  }
});

it('proves a pack of before there was a check by its hash', () => {
  const db = filled();
  db.exec("UPDATE dead_letter SET row_check = NULL; UPDATE dead_letter SET body = CAST('two' AS BLOB) WHERE id = 1");
  expect(read(db).map(({ text }) => text)).toEqual(['', LONG, 'three']);
});
