import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { LastValues, SeriesRange, Span } from '@commonworks/core';
import { LAST_PAGE_MAX, SERIES_PAGE_MAX } from '@commonworks/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeriesKey, SeriesPoint, SeriesSample } from '../port.ts';
import type { OwnedDatabase } from '../sqlite/open-database.ts';
import { openForReading, openOwnedDatabase } from '../sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '../sqlite/schema.ts';
import { inTransaction } from '../sqlite/transaction.ts';
import { WINDOW_MS } from './chunks.ts';
import type { ReaderLimits } from './series-reader.ts';
import { READER_LIMITS, SeriesReader } from './series-reader.ts';
import { SeriesTables } from './series-tables.ts';

const [EDGE, OTHER_EDGE] = ['01890000-0000-7000-8000-000000000001', '01890000-0000-7000-8000-000000000002'];
const KEY: SeriesKey = { edge: EDGE, device: 'home-1', point: 'importedWh' };
const T0 = 20_000 * WINDOW_MS;
const ALL = { fromMs: 0, toMs: T0 * 2 };
/** So small that every history meets them. */
const TIGHT: ReaderLimits = { readingsMax: 6, readPerCall: 3, comparedPerCall: 2, windowsMax: 2 };

/** A writer as the broker's, and a reader on a connection of its own that lives on beside it. */
class Rig {
  readonly path = join(mkdtempSync(join(tmpdir(), 'cw-reader-')), 'telemetry.db');
  readonly #limits: ReaderLimits;
  #owned: OwnedDatabase = openOwnedDatabase(this.path, TELEMETRY_MIGRATIONS);
  #reading: DatabaseSync;
  tables = new SeriesTables(this.#owned.db);
  reader: SeriesReader;

  constructor(limits: ReaderLimits = READER_LIMITS) {
    this.#limits = limits;
    this.#reading = openForReading(this.path);
    this.reader = new SeriesReader(this.#reading, limits);
  }

  reopenWriter(): void {
    this.#owned.close();
    this.#owned = openOwnedDatabase(this.path, TELEMETRY_MIGRATIONS);
    this.tables = new SeriesTables(this.#owned.db);
  }

  reopenReader(): void {
    this.#reading.close();
    this.#reading = openForReading(this.path);
    this.reader = new SeriesReader(this.#reading, this.#limits);
  }

  append(samples: readonly SeriesSample[], fails = false): void {
    try {
      inTransaction(this.#owned.db, () => {
        this.tables.stage(samples);
        if (fails) throw new Error('the disk is full');
      });
      this.tables.committed();
    } catch {
      this.tables.rolledBack();
    }
  }

  range(key: SeriesKey, span: Span, limit: number): SeriesRange[] {
    const pages: SeriesRange[] = [];
    for (let fromMs: number | null = span.fromMs; fromMs !== null; ) {
      const ask = { key, span: { fromMs, toMs: span.toMs }, limit };
      const page: SeriesRange = again(() => this.reader.range(ask));
      pages.push(page);
      expect(page.next === null || page.next > fromMs).toBe(true);
      fromMs = page.next;
    }
    return pages;
  }

  last(edge: string | undefined, limit: number): LastValues['values'] {
    const values: LastValues['values'] = [];
    for (let after: string | null | undefined; after !== null; ) {
      const ask = { edge, after, limit };
      const page: LastValues = again(() => this.reader.last(ask));
      expect(page.values.length).toBeLessThanOrEqual(limit);
      values.push(...page.values);
      after = page.next;
    }
    return values;
  }

  [Symbol.dispose](): void {
    this.#reading.close();
    this.#owned.close();
  }
}

function again<T>(ask: () => T | null): T {
  for (let calls = 0; calls < 10_000; calls++) {
    const answer = ask();
    if (answer !== null) return answer;
  }
  throw new Error('the reader never catches up');
}

function pointsOf(pages: readonly SeriesRange[]): SeriesPoint[] {
  return pages.flatMap(({ timesMs, values, qualities, words }) =>
    timesMs.map((timeMs, i) => ({
      timeMs,
      value: words?.[i] ?? values[i] ?? null,
      quality: qualities[i] ?? 'fault',
    })),
  );
}

const sample = (timeMs: number, value: SeriesSample['value'], more: Partial<SeriesSample> = {}): SeriesSample => ({
  ...KEY,
  timeMs,
  value,
  quality: value === null ? 'missing' : 'good',
  ...more,
});

const keyText = ({ edge, device, point }: SeriesKey) => `${edge}/${device}/${point}`;
const byKey = (a: SeriesKey, b: SeriesKey) => (keyText(a) < keyText(b) ? -1 : 1);

const reading = fc.record({
  day: fc.oneof(fc.integer({ min: 0, max: 7 }), fc.constantFrom(40, 400)),
  offsetMs: fc.integer({ min: 0, max: 5 }),
  value: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom('idle', 'running', null, 'x'.repeat(101))),
  quality: fc.constantFrom('good' as const, 'estimated' as const),
  edge: fc.constantFrom(EDGE, OTHER_EDGE),
  device: fc.constantFrom('home-1', 'home-2'),
});
const nothing = { readings: fc.constant([]) };
/** The broker seals after each commit. */
const kept = fc.constantFrom('commit', 'commit', 'append', 'fail');
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: kept, readings: fc.array(reading, { maxLength: 8 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: kept, readings: fc.array(reading, { maxLength: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('seal', 'sealAll'), ...nothing }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('reopenWriter', 'reopenReader'), ...nothing }) },
);
const asked = fc.record({
  isAsked: fc.boolean(),
  limit: fc.integer({ min: 1, max: 9 }),
  fromDay: fc.integer({ min: 0, max: 8 }),
  days: fc.constantFrom(0, 1, 3, 500),
  offsetMs: fc.integer({ min: 0, max: 5 }),
});

function act(rig: Rig, kind: string, samples: readonly SeriesSample[]): void {
  if (samples.length > 0) rig.append(samples, kind === 'fail');
  if (kind === 'commit' || kind === 'seal') rig.tables.sealDue();
  if (kind === 'sealAll') rig.tables.sealAll();
  if (kind === 'reopenWriter') rig.reopenWriter();
  if (kind === 'reopenReader') rig.reopenReader();
}

describe('a reader of the series beside its writer', () => {
  it.each([
    ['limits that every history meets', TIGHT],
    ['the limits it really has', READER_LIMITS],
  ])('gives what the writer would, at any moment and in pages of any size, with %s', (_, limits) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, asked), { maxLength: 30 }), (steps) => {
        using rig = new Rig(limits);
        for (const [{ kind, readings }, { isAsked, limit, fromDay, days, offsetMs }] of steps) {
          const samples = readings.map(({ day, offsetMs: at, edge, device, value, quality }) =>
            sample(T0 + day * WINDOW_MS + at, value, { edge, device, quality }),
          );
          act(rig, kind, samples);
          if (!isAsked) continue;
          const fromMs = T0 + fromDay * WINDOW_MS + offsetMs;
          const span = { fromMs, toMs: fromMs + days * WINDOW_MS + 3 };
          for (const edge of [EDGE, OTHER_EDGE]) {
            for (const device of ['home-1', 'home-2', 'home-3']) {
              const key = { ...KEY, edge, device };
              const pages = rig.range(key, span, limit);
              expect(pages.every((page) => page.timesMs.length <= limit)).toBe(true);
              expect(pointsOf(pages)).toEqual(rig.tables.range(key, span));
            }
            expect(rig.last(edge, limit)).toEqual(rig.tables.last(edge).sort(byKey));
          }
          expect(rig.last(undefined, limit)).toEqual(rig.tables.last().sort(byKey));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('reads a sparse series over years without looking at the days between, and busy days of others in bounded steps', () => {
    using rig = new Rig();
    for (const year of [0, 10, 20]) rig.append([sample(year * 365 * WINDOW_MS, year)]);
    rig.tables.sealAll();
    expect(rig.range(KEY, ALL, 10).map(({ values, next }) => [values, next])).toEqual([[[0, 10, 20], null]]);
    const days = Array.from({ length: 450 }, (_, day) => 5000 + day);
    rig.append(days.map((day) => sample(day * WINDOW_MS, day, { device: 'other' })));
    rig.tables.sealAll();
    const pages = rig.range(KEY, ALL, 10);
    expect(pages.map(({ values }) => values)).toEqual([[0, 10], [], [20]]);
    expect(pages.map(({ next }) => next)).toEqual([5000 + 198, 5000 + 398, null].map((d) => d && d * WINDOW_MS));
  });

  it('gives a day of many readings in pages that end where the next begins', () => {
    using rig = new Rig();
    rig.append(Array.from({ length: 25_000 }, (_, i) => sample(T0 + i * 1000, i)));
    const pages = rig.range(KEY, ALL, SERIES_PAGE_MAX);
    expect(pages.map(({ timesMs }) => timesMs.length)).toEqual([10_000, 10_000, 5000]);
    expect(pages.map(({ next }) => next)).toEqual([T0 + 10_000_000, T0 + 20_000_000, null]);
    expect(pages.flatMap(({ values }) => values)).toEqual(Array.from({ length: 25_000 }, (_, i) => i));
  });

  it('gives the series of one edge in pages, wherever `after` comes from', () => {
    using rig = new Rig();
    const devices = Array.from({ length: 5 }, (_, i) => `home-${i}`);
    rig.append(devices.flatMap((device) => [sample(T0, 1, { device }), sample(T0, 2, { device, edge: OTHER_EDGE })]));
    const page = (after?: string) => again(() => rig.reader.last({ edge: OTHER_EDGE, after, limit: 2 }));
    expect(page().values.map(({ device }) => device)).toEqual(['home-0', 'home-1']);
    expect(page(page().next ?? '').values.map(({ device }) => device)).toEqual(['home-2', 'home-3']);
    expect(page(`${EDGE}/home-3/importedWh`).values.map(({ device }) => device)).toEqual(['home-0', 'home-1']);
    expect(rig.last(undefined, LAST_PAGE_MAX).length).toBe(10);
  });

  it('asks to be asked again until it has read a long log, some at a time', () => {
    using rig = new Rig({ ...READER_LIMITS, readPerCall: 10 });
    for (let i = 0; i < 30; i++) rig.append([sample(T0 + i, i), sample(T0 + i, i, { device: 'other' })]);
    let waited = 0;
    const ask = { key: KEY, span: ALL, limit: 100 };
    for (; rig.reader.range(ask) === null; waited++) expect(waited).toBeLessThan(10);
    expect(waited).toBe(5);
    expect(rig.reader.range(ask)?.values.length).toBe(30);
  });
});
