/** What every series store must do: one suite for the embedded store and, through their adapters, for projections. */
import { daySpan, QUARTER_HOUR_MS } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import type { SeriesKey, SeriesPoint, SeriesSample, SeriesStore } from './port.ts';
import { readingsAt } from './readings.ts';

export type SeriesContract = {
  /** A new, empty store for each test; the suite disposes of it. */
  readonly open: () => Promise<SeriesStore>;
  /** True when the first value of a series and time stays (the embedded store); false when a later one overwrites it. */
  readonly keepsFirst: boolean;
};

const EDGE = '01890000-0000-7000-8000-000000000001';
const OTHER_EDGE = '01890000-0000-7000-8000-000000000002';
const KEY: SeriesKey = { edge: EDGE, device: 'home-1', point: 'importedWh' };
const START_MS = Date.UTC(2026, 9, 24, 12);

/** The night the clocks go back in Vienna: 25 hours, 100 quarter-hours. */
const LONG_DAY = daySpan('2026-10-25', 'Europe/Vienna');

function sample(timeMs: number, value: SeriesSample['value'], more: Partial<SeriesSample> = {}): SeriesSample {
  return { ...KEY, timeMs, value, quality: value === null ? 'missing' : 'good', ...more };
}

const plain = (point: SeriesPoint): SeriesPoint => ({
  timeMs: point.timeMs,
  value: point.value,
  quality: point.quality,
});

export function describeSeriesStore(name: string, contract: SeriesContract): void {
  describe(`${name} as a series store`, () => {
    writing(contract);
    rewriting(contract);
    readingLast(contract);
    readingRanges(contract);
    readingCounters(contract);
  });
}

function writing({ open }: SeriesContract): void {
  it('gives back what was written: numbers with three decimals, words, qualities and missing values', async () => {
    await using store = await open();
    const written = [
      sample(START_MS, 12_345_678.125),
      sample(START_MS + 1000, 12_345_678.25, { quality: 'estimated' }),
      sample(START_MS + 2000, null),
    ];
    const word = sample(START_MS, 'running', { device: 'laser-1', point: 'activity' });
    const report = await store.append([...written, word]);
    expect(report.conflicts).toEqual([]);
    const span = { fromMs: START_MS, toMs: START_MS + 3000 };
    expect((await store.range(KEY, span)).map(plain)).toEqual(written.map(plain));
    const words = await store.range({ edge: EDGE, device: 'laser-1', point: 'activity' }, span);
    expect(words.map(plain)).toEqual([plain(word)]);
  });

  it('keeps negative, tiny, huge and zero values to the last bit', async () => {
    await using store = await open();
    const values = [-1, 0, 0.1 + 0.2, 1e-9, -123_456.789, 1e15, 2 ** 53 - 1, Math.PI];
    const key: SeriesKey = { ...KEY, point: 'activePowerW' };
    await store.append(values.map((value, i) => ({ ...key, timeMs: START_MS + i, value, quality: 'good' })));
    const points = await store.range(key, { fromMs: START_MS, toMs: START_MS + 100 });
    expect(points.map((point) => point.value)).toEqual(values);
  });
}

function rewriting({ open, keepsFirst }: SeriesContract): void {
  it('changes nothing when the same samples are written again', async () => {
    await using store = await open();
    const samples = [sample(START_MS, 1), sample(START_MS + 1000, 2)];
    await store.append(samples);
    await store.append(samples);
    const points = await store.range(KEY, { fromMs: 0, toMs: START_MS + 10_000 });
    expect(points.map(plain)).toEqual(samples.map(plain));
  });

  it(
    keepsFirst ? 'keeps the first of two values and reports the second' : 'overwrites with the later value',
    async () => {
      await using store = await open();
      await store.append([sample(START_MS, 1)]);
      const report = await store.append([sample(START_MS, 2)]);
      const points = await store.range(KEY, { fromMs: START_MS, toMs: START_MS + 1 });
      expect(points.map((point) => point.value)).toEqual([keepsFirst ? 1 : 2]);
      expect(report.conflicts.length).toBe(keepsFirst ? 1 : 0);
    },
  );
}

function readingLast({ open }: SeriesContract): void {
  it('knows the newest sample of every series by its time, not by its arrival', async () => {
    await using store = await open();
    await store.append([sample(START_MS + 5000, 5), sample(START_MS, 0)]);
    await store.append([sample(START_MS + 1000, 1), sample(START_MS, 7, { edge: OTHER_EDGE })]);
    const mine = await store.last(EDGE);
    expect(mine.map((last) => [last.device, last.point, last.timeMs, last.value, last.quality])).toEqual([
      ['home-1', 'importedWh', START_MS + 5000, 5, 'good'],
    ]);
    expect((await store.last()).length).toBe(2);
  });
}

function readingRanges({ open }: SeriesContract): void {
  it('reads from inclusive, to exclusive, in ascending time, also what arrived late and over several days', async () => {
    await using store = await open();
    const hourly = Array.from({ length: 24 * 5 }, (_, i) => sample(START_MS + i * 3_600_000, i));
    await store.append(hourly.filter((_, i) => i % 2 === 0));
    await store.append(hourly.filter((_, i) => i % 2 === 1).reverse());
    const span = { fromMs: START_MS + 3_600_000, toMs: START_MS + 100 * 3_600_000 };
    const points = await store.range(KEY, span);
    expect(points.map((point) => point.value)).toEqual(Array.from({ length: 99 }, (_, i) => i + 1));
  });

  it('is empty for a series it never saw', async () => {
    await using store = await open();
    expect(await store.range(KEY, { fromMs: 0, toMs: START_MS })).toEqual([]);
    expect(await store.last(EDGE)).toEqual([]);
  });
}

function readingCounters({ open }: SeriesContract): void {
  it('yields quarter-hour energy that adds up to end minus start over the day the clocks go back', async () => {
    await using store = await open();
    const edges = (LONG_DAY.toMs - LONG_DAY.fromMs) / QUARTER_HOUR_MS;
    expect(edges).toBe(100);
    const registers = Array.from({ length: edges + 1 }, (_, i) => 5_000_000 + i * 12.345 + (i % 7));
    await store.append(
      registers.map((wh, i) => sample(LONG_DAY.fromMs + i * QUARTER_HOUR_MS, Math.round(wh * 1000) / 1000)),
    );
    const atMs = registers.map((_, i) => LONG_DAY.fromMs + i * QUARTER_HOUR_MS);
    const readings = await readingsAt(store.range, KEY, { atMs, withinMs: QUARTER_HOUR_MS });
    const mwh = readings.map((reading) => Math.round(Number(reading.at?.value) * 1000));
    const deltas = mwh.slice(1).map((end, i) => end - (mwh[i] ?? 0));
    expect(deltas.length).toBe(100);
    expect(deltas.reduce((sum, delta) => sum + delta, 0)).toBe((mwh.at(-1) ?? 0) - (mwh[0] ?? 0));
  });

  it('gives the neighbours of an instant without a reading, and nothing beyond the reach', async () => {
    await using store = await open();
    await store.append([sample(START_MS, 1), sample(START_MS + 60_000, null), sample(START_MS + 120_000, 3)]);
    const atMs = [START_MS + 30_000, START_MS + 600_000];
    const [near, far] = await readingsAt(store.range, KEY, { atMs, withinMs: 120_000 });
    expect([near?.before?.value, near?.after?.value]).toEqual([1, 3]);
    expect([far?.at, far?.before, far?.after]).toEqual([null, null, null]);
  });
}
