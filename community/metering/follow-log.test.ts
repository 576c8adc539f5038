/** Whose fault it is when a page cannot be processed: a record's, the disk's, or our own. */
import { type CodedError, encodePack, type LogEntry } from '@commonworks/core';
import { type RawBuilder, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../database.ts';
import { createTurns, followLog } from './follow-log.ts';
import { metredCursor, moveCursor } from './process-page.ts';
import { testPage } from './test-page.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [edge, epoch, boot] = [uuid(2), uuid(3), uuid(4)] as const;
const T0 = Date.UTC(2026, 9, 1);

function entry(seq: number): LogEntry {
  const sample = { device: 'a', point: 'importedWh', timeMs: T0 + seq * 900_000, value: seq, quality: 'good' } as const;
  const body = encodePack({ edge, epoch, seq, boot, samples: [sample], events: [] });
  return { cursor: seq, edge, epoch, seq, receivedMs: Date.UTC(2026, 11, 31), hash: '', body };
}

describe('following the log', () => {
  it.each<[string, (value: number) => RawBuilder<unknown>, RegExp]>([
    [
      'SQL that fails on its value',
      (value) => sql`SELECT json(${`{"wh": ${value === 2 ? '' : value}}`})`,
      /statement fault, SQLite code 1/,
    ],
    [
      'a number too large for SQL',
      (value) => sql`SELECT abs(${value === 2 ? -(2n ** 63n) : value})`,
      /statement fault, SQLite code 1/,
    ],
    [
      'a row that stands already',
      (value) => sql`INSERT INTO log_cursor VALUES (${value === 2 ? 'metering' : `r${value}`}, 0)`,
      /constraint fault, SQLite code \d+/,
    ],
  ])(
    'sets a record aside that meets %s, tells the fault with its code, and lets the others through',
    async (_, statement, words) => {
      await using db = await openDatabase(':memory:');
      const stop = new AbortController();
      const faults: (CodedError | null)[] = [];
      const entries = [1, 2, 3, 4].map(entry);
      await moveCursor(db, 0);
      await followLog(
        db,
        {
          readPage: async (after) =>
            testPage(
              entries.filter((one) => one.cursor > after),
              4,
              4,
            ),
          listeners: [async (tx, record) => void (await statement(record.entry.cursor).execute(tx))],
          inTurn: createTurns(),
          retryMinMs: 1,
          events: { onPage: async () => stop.abort(), onFault: (fault) => faults.push(fault) },
        },
        stop.signal,
      );
      expect(faults.map((fault) => fault?.code)).toEqual(['community.record-refused']);
      expect(faults[0]?.message).toMatch(words);
      expect(faults[0]?.message).toContain('cursor 2 ');
      expect(await metredCursor(db)).toBe(4);
      expect(await db.selectFrom('register_sample').select('time_ms').execute()).toHaveLength(3);
    },
  );

  it('does not call it the disk’s fault when our own statement fails between pages', async () => {
    await using db = await openDatabase(':memory:');
    const stop = new AbortController();
    const faults: (string | undefined)[] = [];
    let turns = 0;
    await followLog(
      db,
      {
        readPage: async () => {
          stop.abort();
          return testPage([], 0, 0);
        },
        listeners: [],
        inTurn: createTurns(),
        retryMinMs: 1,
        events: {
          onTurn: async () => {
            if (++turns === 1) await sql`SELECT wh FROM a_table_nobody_made`.execute(db);
          },
          onPage: async () => {},
          onFault: (fault) => faults.push(fault?.code),
        },
      },
      stop.signal,
    );
    expect(faults).toEqual(['community.derivation-failed', undefined]);
  });
});
