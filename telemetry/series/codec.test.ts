import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeColumn, encodeColumn } from './codec.ts';
import { Column } from './column.ts';

const time = fc.integer({ min: 0, max: 4_102_444_800_000 });
const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((wh) => wh / 1000),
  fc.integer(),
);
const readings = fc.array(fc.tuple(time, value, fc.integer({ min: 0, max: 31 })), { maxLength: 300 });

function columnOf(rows: readonly (readonly [number, number, number])[]): Column {
  const column = new Column();
  for (const [timeMs, number, flags] of rows) column.add(timeMs, number, flags);
  return column;
}

const plain = (column: Column) => ({
  times: [...column.times.subarray(0, column.length)],
  values: [...column.values.subarray(0, column.length)],
  flags: [...column.flags.subarray(0, column.length)],
});

describe('the chunk codec', () => {
  it('gives back every column bit for bit', () => {
    fc.assert(
      fc.property(readings, (rows) => {
        const column = columnOf(rows);
        expect(plain(decodeColumn(encodeColumn(column)))).toEqual(plain(column));
      }),
    );
  });

  it('never throws anything but a coded error on damaged bytes, and never hangs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeColumn(bytes);
        } catch (error) {
          expect((error as { code?: string }).code).toBe('telemetry.chunk-corrupt');
        }
      }),
    );
  });

  it('stores a day of a counter with three decimals in about three bytes a reading', () => {
    const column = new Column();
    for (let i = 0; i < 1440; i++)
      column.add(1_790_000_000_000 + i * 60_000, Math.round(i * 8123.4 + (i % 13) * 77) / 1000, 0);
    expect(encodeColumn(column).length / column.length).toBeLessThan(3);
  });
});

describe('a column', () => {
  it('is sorted and free of repeats in whatever order readings come', () => {
    fc.assert(
      fc.property(readings, (rows) => {
        const times = plain(columnOf(rows)).times;
        expect(times).toEqual([...new Set(rows.map(([timeMs]) => timeMs))].sort((a, b) => a - b));
      }),
    );
  });

  it('keeps the first of two values for one time and says so', () => {
    const column = new Column();
    expect([column.add(5, 1, 0), column.add(5, 1, 0), column.add(5, 2, 0), column.add(5, 1, 1)]).toEqual([
      'added',
      'repeated',
      'conflict',
      'conflict',
    ]);
    expect(plain(column).values).toEqual([1]);
  });

  it('is as before when an addition is taken back', () => {
    fc.assert(
      fc.property(readings, time, (rows, timeMs) => {
        fc.pre(!rows.some(([known]) => known === timeMs));
        const column = columnOf(rows);
        const before = plain(column);
        column.add(timeMs, 7, 0);
        column.remove(timeMs);
        expect(plain(column)).toEqual(before);
      }),
    );
  });
});
