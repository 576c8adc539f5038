import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TELEMETRY_MIGRATIONS } from '../sqlite/schema.ts';
import { Chunks } from './chunks.ts';
import { Column } from './column.ts';
import { decodeLogRow, encodeLogRow } from './log-row.ts';

const T0 = 20_000 * 86_400_000;

function chunkOf(values: readonly number[]): { db: DatabaseSync; chunks: Chunks } {
  const db = new DatabaseSync(':memory:');
  for (const migration of TELEMETRY_MIGRATIONS) db.exec(migration);
  const chunks = new Chunks(db);
  const column = new Column();
  for (const [n, value] of values.entries()) column.add(T0 + n * 1000, value, 0);
  chunks.write(20_000, 7, column);
  return { db, chunks };
}

const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 200 });

describe('readings on a disk that changes a bit', () => {
  it('of a chunk are refused, not answered otherwise', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.nat({ max: 7 }), (written, where, bit) => {
        const { db, chunks } = chunkOf(written);
        const body = Buffer.from(db.prepare('SELECT body FROM chunk').get()?.['body'] as Uint8Array);
        const at = where % body.length;
        body[at] = (body[at] ?? 0) ^ (1 << bit);
        db.prepare('UPDATE chunk SET body = ?').run(body);
        expect(() => chunks.read(20_000, 7)).toThrow(expect.objectContaining({ code: 'telemetry.chunk-corrupt' }));
      }),
    );
  });

  it.each([
    ['time', 'last_ms = last_ms + 1'],
    ['value', 'last_value = last_value * 2'],
    ['flags', 'last_flags = last_flags + 1'],
    ['place', 'key = key + 1'],
  ])('of the newest reading: its %s', (what, change) => {
    const { db, chunks } = chunkOf([1, 2, 3]);
    db.exec(`UPDATE chunk SET ${change}`);
    const series = what === 'place' ? 8 : 7;
    expect(() => chunks.last(20_000, series)).toThrow(expect.objectContaining({ code: 'telemetry.chunk-corrupt' }));
  });

  it('of the rows that are not sealed yet', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.nat({ max: 7 }), (written, where, bit) => {
        const row = Buffer.from(
          encodeLogRow(written.map((value, n) => ({ series: 1, timeMs: T0 + n, value, flags: 0 }))),
        );
        // The first byte says the format, and no other format than these two has no checksum but those of before.
        const at = 1 + (where % (row.length - 1));
        row[at] = (row[at] ?? 0) ^ (1 << bit);
        expect(() => decodeLogRow(row)).toThrow(expect.objectContaining({ code: 'telemetry.chunk-corrupt' }));
      }),
    );
  });

  it('of earlier versions, which have no checksum, are read as before', () => {
    const { db, chunks } = chunkOf([1, 2, 3]);
    db.exec('UPDATE chunk SET body_crc = NULL, last_crc = NULL');
    expect(chunks.read(20_000, 7)?.length).toBe(3);
    expect(chunks.last(20_000, 7)?.value).toBe(3);
    const row = encodeLogRow([{ series: 1, timeMs: T0, value: 5, flags: 0 }]);
    expect(decodeLogRow(Buffer.concat([Buffer.of(0), row.subarray(5)]))).toMatchObject([{ value: 5 }]);
  });
});
