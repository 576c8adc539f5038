import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeriesKey, SeriesSample } from '../port.ts';
import type { OwnedDatabase } from '../sqlite/open-database.ts';
import { openOwnedDatabase } from '../sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '../sqlite/schema.ts';
import { inTransaction } from '../sqlite/transaction.ts';
import { WINDOW_MS } from './chunks.ts';
import { SeriesTables } from './series-tables.ts';

const KEY: SeriesKey = { edge: '01890000-0000-7000-8000-000000000001', device: 'home-1', point: 'importedWh' };
const T0 = 20_000 * WINDOW_MS;
const ALL = { fromMs: 0, toMs: T0 * 2 };

class Rig {
  path = join(mkdtempSync(join(tmpdir(), 'cw-tables-')), 'telemetry.db');
  #owned: OwnedDatabase = openOwnedDatabase(this.path, TELEMETRY_MIGRATIONS);
  tables = new SeriesTables(this.#owned.db);

  get db(): DatabaseSync {
    return this.#owned.db;
  }

  /** As after a crash: nothing is sealed or said good-bye to. */
  reopen(): void {
    this.#owned.close();
    this.#owned = openOwnedDatabase(this.path, TELEMETRY_MIGRATIONS);
    this.tables = new SeriesTables(this.#owned.db);
  }

  append(samples: readonly SeriesSample[], fails = false): void {
    try {
      inTransaction(this.db, () => {
        this.tables.stage(samples);
        if (fails) throw new Error('the disk is full');
      });
      this.tables.committed();
    } catch {
      this.tables.rolledBack();
    }
  }

  rows(table: string): number {
    return Number(this.db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
  }

  [Symbol.dispose](): void {
    this.#owned.close();
  }
}

const sample = (timeMs: number, value: number, device = KEY.device): SeriesSample => ({
  ...KEY,
  device,
  timeMs,
  value,
  quality: 'good',
});

describe('the series tables', () => {
  it('rebuild the hot windows from the log after a crash', () => {
    using rig = new Rig();
    rig.append([sample(T0, 1), sample(T0 + 1, 2)]);
    rig.append([sample(T0 + 2, 3)]);
    rig.reopen();
    expect(rig.rows('chunk')).toBe(0);
    expect(rig.tables.range(KEY, ALL).map((point) => point.value)).toEqual([1, 2, 3]);
    expect(rig.tables.last()).toEqual([sample(T0 + 2, 3)]);
  });

  it('seal the windows nobody fills any more, and forget their log rows', () => {
    using rig = new Rig();
    for (let day = 0; day < 8; day++) {
      rig.append([sample(T0 + day * WINDOW_MS, day)]);
      rig.tables.sealDue();
    }
    expect([rig.rows('chunk'), rig.rows('series_log')]).toEqual([4, 4]);
    rig.reopen();
    expect(rig.tables.range(KEY, ALL).map((point) => point.value)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('take a late reading into a sealed window, and know a repeat and a conflict there', () => {
    using rig = new Rig();
    rig.append([sample(T0, 1), sample(T0 + 10, 2)]);
    rig.tables.sealAll();
    expect(rig.rows('series_log')).toBe(0);
    const report = inTransaction(rig.db, () =>
      rig.tables.stage([sample(T0 + 5, 9), sample(T0 + 10, 2), sample(T0 + 10, 3)]),
    );
    rig.tables.committed();
    expect([report.added, report.repeated, report.conflicts.map(({ kept }) => kept.value)]).toEqual([1, 1, [2]]);
    rig.tables.sealAll();
    rig.reopen();
    expect(rig.tables.range(KEY, ALL).map((point) => point.value)).toEqual([1, 9, 2]);
  });

  it('refuse what is beyond the limits without an error', () => {
    using rig = new Rig();
    const long = { ...sample(T0, 0), point: 'activity', value: 'x'.repeat(101) } as const;
    const report = inTransaction(rig.db, () => rig.tables.stage([long, sample(T0, 1)]));
    expect([report.added, report.refused.length]).toEqual([1, 1]);
  });

  it('refuse a range with more readings than are given at once', () => {
    using rig = new Rig();
    rig.append(Array.from({ length: 200_001 }, (_, i) => sample(T0 + i * 100, i)));
    expect(() => rig.tables.range(KEY, ALL)).toThrow(expect.objectContaining({ code: 'telemetry.range-too-large' }));
    expect(rig.tables.range(KEY, { fromMs: T0, toMs: T0 + 1000 }).length).toBe(10);
  });

  it('hold what a plain map holds, through failed commits, sealing and crashes in any order', () => {
    const reading = fc.record({
      day: fc.integer({ min: 0, max: 7 }),
      offsetMs: fc.integer({ min: 0, max: 5 }),
      value: fc.integer({ min: 0, max: 2 }),
      device: fc.constantFrom('home-1', 'home-2'),
    });
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constantFrom('append', 'fail'),
          readings: fc.array(reading, { maxLength: 6 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constantFrom('seal', 'sealAll', 'reopen'), readings: fc.constant([]) }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        using rig = new Rig();
        const oracle = new Map<string, SeriesSample>();
        for (const { kind, readings } of steps) {
          const samples = readings.map((r) => sample(T0 + r.day * WINDOW_MS + r.offsetMs, r.value, r.device));
          if (kind === 'append' || kind === 'fail') rig.append(samples, kind === 'fail');
          if (kind === 'append') {
            for (const each of samples) {
              const key = `${each.device}@${each.timeMs}`;
              if (!oracle.has(key)) oracle.set(key, each);
            }
          }
          if (kind === 'seal') rig.tables.sealDue();
          if (kind === 'sealAll') rig.tables.sealAll();
          if (kind === 'reopen') rig.reopen();
        }
        for (const device of ['home-1', 'home-2']) {
          const wanted = [...oracle.values()]
            .filter((each) => each.device === device)
            .sort((a, b) => a.timeMs - b.timeMs);
          const found = rig.tables.range({ ...KEY, device }, ALL);
          expect(found.map(({ timeMs, value }) => [timeMs, value])).toEqual(
            wanted.map(({ timeMs, value }) => [timeMs, value]),
          );
          const last = rig.tables.last().find((each) => each.device === device);
          expect(last?.timeMs).toBe(wanted.at(-1)?.timeMs);
        }
      }),
      { numRuns: 40 },
    );
  });
});
