import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { TELEMETRY_MIGRATIONS } from '../sqlite/schema.ts';
import { LogIdentity } from './log-identity.ts';

const NOW_MS = 1_790_000_000_000;

function emptyLog(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  for (const migration of TELEMETRY_MIGRATIONS) db.exec(migration);
  return db;
}

function addPack(db: DatabaseSync, cursor: number): void {
  db.exec("INSERT OR IGNORE INTO source (id, edge, epoch, mark, seen_ms) VALUES (1, 'e', 'p', 0, 0)");
  db.exec(
    `INSERT INTO pack (cursor, source, seq, received_ms, hash, compression, body) VALUES (${cursor}, 1, ${cursor}, 0, x'00', 0, x'00')`,
  );
}

describe('the identity of a log', () => {
  it('is given once, and stays', () => {
    const db = emptyLog();
    const first = new LogIdentity(db, NOW_MS);
    const again = new LogIdentity(db, NOW_MS + 1);
    expect(again.log).toBe(first.log);
    expect(again.current).toEqual({ generation: 1, sinceMs: NOW_MS, cause: 'created', afterCursor: 0, firstCursor: 1 });
    expect(new LogIdentity(emptyLog(), NOW_MS).log).not.toBe(first.log);
  });

  it('says up to where an earlier generation is still true, and gives no cursor twice', () => {
    const db = emptyLog();
    const identity = new LogIdentity(db, NOW_MS);
    for (let cursor = 1; cursor <= 100; cursor++) addPack(db, cursor);
    const second = identity.raise({ cause: 'rolled-back', nowMs: NOW_MS, seenCursor: 200 });
    expect(second).toMatchObject({ generation: 2, afterCursor: 100 });
    expect(second.firstCursor).toBeGreaterThan(200);
    addPack(db, second.firstCursor);
    const third = identity.raise({ cause: 'repaired', nowMs: NOW_MS, seenCursor: 0, afterCursor: 40 });
    expect(third.firstCursor).toBeGreaterThan(second.firstCursor);
    expect([1, 2, 3, 4].map((one) => identity.commonSince(one))).toEqual([40, 40, Number.MAX_SAFE_INTEGER, null]);
  });
});
