/** From packs of the log to intervals and shares: exactly once, in any order, and only what a late record touches. */
import { CodedError, encodePack, type LogEntry, type Sample } from '@commonworks/core';
import type { Seed } from '@commonworks/core/seed.ts';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { type Db, openDatabase } from '../database.ts';
import { applySeed } from '../register/apply-seed.ts';
import { addPoint, assignDevice } from '../register/points.ts';
import { addTariff } from '../register/tariffs.ts';
import { createTurns, followLog } from './follow-log.ts';
import { metredCursor, processPage } from './process-page.ts';
import { serveRequests } from './serve-requests.ts';
import { testPage } from './test-page.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [community, roof, epoch, boot] = [uuid(1), uuid(2), uuid(3), uuid(4)] as const;
const T0 = Date.UTC(2026, 9, 1);
const Q = 900_000;

const point = (n: number, role: 'consumer' | 'producer', device: string) => ({
  id: uuid(n),
  name: device,
  role,
  member: null,
  assignments: [{ edge: roof, device, fromMs: T0, toMs: null }],
});
const SEED: Seed = {
  members: [],
  transfers: [],
  edges: [],
  meteringPoints: [point(10, 'producer', 'pv'), point(11, 'consumer', 'a'), point(12, 'consumer', 'b')],
  tariffs: [{ id: uuid(20), fromMs: 0, method: 'pro-rata', internalPrice: '12', gridPrice: '30', feedInPrice: '6' }],
  machines: [],
  badges: [],
  bookings: [],
};

async function seeded(): Promise<Db> {
  const db = await openDatabase(':memory:');
  await applySeed(db, SEED, { community });
  return db;
}

type Reading = readonly [device: string, timeMs: number, wh: number];

function entry(seq: number, readings: readonly Reading[], events: { type: string; body: object }[] = []): LogEntry {
  const samples: Sample[] = readings.map(([device, timeMs, value]) => ({
    device,
    point: device === 'pv' ? 'exportedWh' : 'importedWh',
    timeMs,
    value,
    quality: 'good',
  }));
  const records = events.map(({ type, body }) => ({
    device: 'a',
    type,
    timeMs: readings[0]?.[1] ?? T0,
    body: body as Record<string, unknown>,
  }));
  const body = encodePack({ edge: roof, epoch, seq, boot, samples, events: records });
  return { cursor: seq, edge: roof, epoch, seq, receivedMs: Date.UTC(2026, 11, 31), hash: '', body };
}

const feed = (db: Db, entries: LogEntry[]) => processPage(db, { entries, next: entries.at(-1)?.cursor ?? 0 }, []);
const intervals = (db: Db, no: number) =>
  db.selectFrom('interval').selectAll().where('point_no', '=', no).orderBy('start_ms').execute();
const at = (k: number, wh: { pv: number; a: number; b: number }): Reading[] => [
  ['pv', T0 + k * Q, wh.pv],
  ['a', T0 + k * Q, wh.a],
  ['b', T0 + k * Q, wh.b],
];

describe('processPage', () => {
  it('derives intervals from boundary registers and shares production to the mWh', async () => {
    await using db = await seeded();
    const page = [
      entry(1, at(0, { pv: 1000, a: 500, b: 700 })),
      // 100 Wh made; a used 60, b 90: pro rata gives 40 and 60.
      entry(2, at(1, { pv: 1100, a: 560, b: 790 })),
    ];
    await feed(db, page);
    expect(await intervals(db, 2)).toMatchObject([
      {
        start_ms: T0,
        opening_mwh: 500_000,
        closing_mwh: 560_000,
        energy_mwh: 60_000,
        quality: 0,
        coverage_ppm: 1_000_000,
      },
    ]);
    expect(await intervals(db, 2)).toMatchObject([{ opening_seq: 1, closing_seq: 2, step_mwh: 0, version: 1 }]);
    const shares = await db.selectFrom('interval_share').selectAll().orderBy('point_no').execute();
    expect(shares.map((row) => [row.point_no, row.allocated_mwh, row.rest_mwh])).toEqual([
      [1, 100_000, 0],
      [2, 40_000, 20_000],
      [3, 60_000, 30_000],
    ]);
    expect(await db.selectFrom('interval_total').selectAll().execute()).toMatchObject([
      { production_mwh: 100_000, consumption_mwh: 150_000, allocated_mwh: 100_000, expected: 3, complete: 3 },
    ]);
    expect(await metredCursor(db)).toBe(2);
  });

  it('gives the same rows for one page, for single records and for a page that comes again', async () => {
    const entries = Array.from({ length: 20 }, (_, k) =>
      entry(k + 1, at(k, { pv: k * 31, a: k * 17 + (k % 3), b: k * 23 })),
    );
    await using whole = await seeded();
    await using single = await seeded();
    await feed(whole, entries);
    for (const one of entries) await feed(single, [one]);
    await feed(single, entries);
    const rows = async (db: Db) => [
      await db.selectFrom('interval').selectAll().execute(),
      await db.selectFrom('interval_share').selectAll().execute(),
    ];
    expect(await rows(single)).toEqual(await rows(whole));
  });

  it('derives only the intervals again that a late record touches', async () => {
    await using db = await seeded();
    const entries = Array.from({ length: 12 }, (_, k) => entry(k + 1, at(k, { pv: k * 10, a: k * 10, b: k * 10 })));
    const late = entries.splice(6, 1);
    await feed(db, entries.slice(0, 11));
    expect((await intervals(db, 2)).filter((row) => row.method !== null)).toMatchObject([
      { start_ms: T0 + 5 * Q, method: 'flat', energy_mwh: 10_000 },
      { start_ms: T0 + 6 * Q, method: 'flat', energy_mwh: 10_000 },
    ]);
    const outcome = await feed(db, [{ ...(late[0] as LogEntry), cursor: 100 }]);
    expect([...new Set(outcome.changedStarts)].sort()).toEqual([T0 + 5 * Q, T0 + 6 * Q]);
    expect((await intervals(db, 2)).map((row) => [row.energy_mwh, row.version])).toEqual(
      Array.from({ length: 11 }, (_, k) => [10_000, k === 5 || k === 6 ? 2 : 1]),
    );
  });

  it('interpolates an edge that was not read, marks it estimated, and still telescopes', async () => {
    await using db = await seeded();
    await feed(db, [
      entry(1, [['a', T0, 100]]),
      entry(2, [['a', T0 + Q - 60_000, 200]]),
      entry(3, [['a', T0 + Q + 60_000, 211]]),
      entry(4, [['a', T0 + 2 * Q, 300]]),
    ]);
    const rows = await intervals(db, 2);
    expect(rows.map((row) => [row.energy_mwh, row.quality])).toEqual([
      [105_500, 1],
      [94_500, 1],
    ]);
    expect(rows.map((row) => [row.opening_ms, row.closing_ms])).toEqual([
      [T0, T0 + Q + 60_000],
      [T0 + Q - 60_000, T0 + 2 * Q],
    ]);
  });

  it('keeps few of many readings and loses no edge', async () => {
    await using db = await seeded();
    const step = 10_000;
    const entries = Array.from({ length: (3 * Q) / step + 1 }, (_, k) => entry(k + 1, [['a', T0 + k * step, k]]));
    for (let i = 0; i < entries.length; i += 7) await feed(db, entries.slice(i, i + 7));
    const { n } = await db
      .selectFrom('register_sample')
      .select((select) => select.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow();
    expect(n).toBeLessThanOrEqual(10);
    expect((await intervals(db, 2)).map((row) => row.energy_mwh)).toEqual([90_000, 90_000, 90_000]);
  });

  it('carries on over a rollover that an agent credited, with raw registers at the edges', async () => {
    await using db = await seeded();
    const rollover = { point: 'importedWh', kind: 'rollover', beforeMwh: 999_000, afterMwh: 4000, creditedMwh: 5000 };
    await feed(db, [
      entry(1, [['a', T0, 990]]),
      entry(2, [['a', T0 + Q, 999]]),
      entry(3, [['a', T0 + 2 * Q, 4]], [{ type: 'counter', body: rollover }]),
      entry(4, [['a', T0 + 3 * Q, 10]]),
    ]);
    expect(
      (await intervals(db, 2)).map((row) => [row.opening_mwh, row.closing_mwh, row.step_mwh, row.energy_mwh]),
    ).toEqual([
      [990_000, 999_000, 0, 9000],
      [999_000, 4000, 1_000_000, 5000],
      [4000, 10_000, 0, 6000],
    ]);
  });

  it('holds packs without trusted time until the clock event of their boot', async () => {
    await using db = await seeded();
    const seen: number[] = [];
    const listener = async (_: Db, record: { pack: { samples: readonly Sample[] } }) => {
      for (const sample of record.pack.samples) seen.push(sample.timeMs);
    };
    await processPage(db, { entries: [entry(1, [['a', 1000, 5]]), entry(2, [['a', 1000 + Q, 9]])], next: 2 }, [
      listener,
    ]);
    expect(seen).toEqual([]);
    const clock = { type: 'clock', body: { boot, offsetMs: T0 - 1000 } };
    await processPage(db, { entries: [entry(3, [['b', T0, 1]], [clock])], next: 3 }, [listener]);
    expect(seen).toEqual([T0, T0 + Q, T0]);
    expect((await intervals(db, 2)).map((row) => row.energy_mwh)).toEqual([4000]);
  });

  it('lets no edge tell the clock of a boot of another', async () => {
    await using db = await seeded();
    const told = entry(1, [], [{ type: 'clock', body: { boot, offsetMs: T0 - 50 * Q } }]);
    const evil = uuid(99);
    const foreign = { ...told, edge: evil, body: told.body.replace(roof, evil) };
    await feed(db, [foreign, entry(2, [['a', 1000, 5]]), entry(3, [['a', 1000 + Q, 9]])]);
    expect(await intervals(db, 2)).toEqual([]);
    await feed(db, [entry(4, [['b', T0, 1]], [{ type: 'clock', body: { boot, offsetMs: T0 - 1000 } }])]);
    expect((await intervals(db, 2)).map((row) => [row.start_ms, row.energy_mwh])).toEqual([[T0, 4000]]);
  });

  it('takes the rest of a pack in which one register is impossibly high', async () => {
    await using db = await seeded();
    await feed(db, [entry(1, at(0, { pv: 0, a: 1e300, b: 10 })), entry(2, at(1, { pv: 9, a: 5, b: 17 }))]);
    expect((await intervals(db, 3)).map((row) => row.energy_mwh)).toEqual([7000]);
    expect(await intervals(db, 2)).toEqual([]);
  });

  it('takes no reading of a clock that runs ahead, as the broker does not', async () => {
    await using db = await seeded();
    const ahead = Date.UTC(2027, 0, 1);
    const page = [entry(1, at(0, { pv: 0, a: 1, b: 10 })), entry(2, at(1, { pv: 9, a: 5, b: 17 }))];
    await feed(db, [...page, entry(3, [['a', ahead, 900]])]);
    expect((await intervals(db, 2)).map((row) => row.energy_mwh)).toEqual([4000]);
    const newest = await db.selectFrom('series').select('newest_ms').execute();
    expect(newest.every((row) => row.newest_ms < ahead)).toBe(true);
  });

  it('rolls everything back when a listener fails, cursor and intervals alike', async () => {
    await using db = await seeded();
    const failing = async () => {
      throw new Error('no');
    };
    await expect(processPage(db, { entries: [entry(1, [['a', T0, 5]])], next: 1 }, [failing])).rejects.toThrow('no');
    expect(await metredCursor(db)).toBe(0);
    expect(await db.selectFrom('register_sample').selectAll().execute()).toEqual([]);
  });
});

describe('serveRequests', () => {
  const rows = async (db: Db) => [
    await db.selectFrom('interval').selectAll().orderBy('point_no').orderBy('start_ms').execute(),
    await db.selectFrom('interval_share').selectAll().orderBy('point_no').orderBy('start_ms').execute(),
    await db.selectFrom('interval_total').selectAll().orderBy('start_ms').execute(),
  ];
  const entries = Array.from({ length: 30 }, (_, k) => entry(k + 1, at(k, { pv: k * 31, a: k * 17, b: k * 23 })));

  it('derives what was read before the metering point was registered, as if it had been there', async () => {
    await using early = await seeded();
    await feed(early, entries);
    await using late = await openDatabase(':memory:');
    await applySeed(
      late,
      { ...SEED, meteringPoints: SEED.meteringPoints.slice(0, 2), tariffs: SEED.tariffs },
      { community },
    );
    await feed(late, entries);
    await addPoint(late, { community, id: uuid(12), name: 'b', role: 'consumer', member: null });
    await assignDevice(late, uuid(12), { edge: roof, device: 'b', fromMs: T0, toMs: null });
    await serveRequests(late);
    expect(await rows(late)).toEqual(await rows(early));
    expect(await late.selectFrom('derive_request').selectAll().execute()).toEqual([]);
  });

  it('moves intervals to the new device when a change of meter is entered later', async () => {
    await using db = await seeded();
    await feed(db, entries);
    await assignDevice(db, uuid(12), { edge: roof, device: 'c', fromMs: T0 + 10 * Q, toMs: null });
    await serveRequests(db);
    const before = (await intervals(db, 3)).filter((row) => row.energy_mwh !== null);
    expect(before.map((row) => row.start_ms)).toEqual(Array.from({ length: 9 }, (_, k) => T0 + k * Q));
    await feed(db, [entry(100, [['c', T0 + 29 * Q, 5]]), entry(101, [['c', T0 + 30 * Q, 9]])]);
    expect((await intervals(db, 3)).at(-1)).toMatchObject({ start_ms: T0 + 29 * Q, energy_mwh: 4000 });
  });

  it('shares again from the date of a tariff that is entered late', async () => {
    await using db = await seeded();
    await feed(db, entries);
    const tariff = {
      id: uuid(21),
      fromMs: T0 + 20 * Q,
      method: 'pro-rata' as const,
      internalPrice: '1',
      gridPrice: '1',
      feedInPrice: '1',
    };
    await addTariff(db, community, tariff);
    await serveRequests(db);
    const totals = await db.selectFrom('interval_total').select('tariff').orderBy('start_ms').execute();
    expect(totals.map((row) => row.tariff)).toEqual([...Array(20).fill(uuid(20)), ...Array(9).fill(uuid(21))]);
  });
});

describe('followLog', () => {
  it('sets a record aside that cannot be processed, names it, and goes on', async () => {
    await using db = await seeded();
    const stop = new AbortController();
    const faults: (string | undefined)[] = [];
    const entries = [entry(1, [['a', T0, 1]]), entry(2, [['a', T0 + Q, 2]]), entry(3, [['a', T0 + 2 * Q, 3]])];
    const listener = async (_: Db, record: { entry: LogEntry }) => {
      if (record.entry.cursor === 2) throw new Error('poison');
    };
    await followLog(
      db,
      {
        readPage: async (after) =>
          testPage(
            entries.filter((one) => one.cursor > after),
            3,
            3,
          ),
        listeners: [listener],
        inTurn: createTurns(),
        events: {
          onPage: async () => stop.abort(),
          onFault: (fault) => faults.push(fault?.code),
        },
      },
      stop.signal,
    );
    expect(faults).toEqual(['community.record-refused']);
    expect(await metredCursor(db)).toBe(3);
    expect((await intervals(db, 2)).length).toBe(2);
  });

  it('says once that the log does not answer, and once that it does again', async () => {
    await using db = await seeded();
    const stop = new AbortController();
    const faults: (string | undefined)[] = [];
    let calls = 0;
    await followLog(
      db,
      {
        readPage: async () => {
          calls++;
          if (calls < 2) throw new CodedError('community.log-unreachable', 'refused');
          if (calls === 3) stop.abort();
          return testPage([], 0, 0);
        },
        listeners: [],
        inTurn: createTurns(),
        retryMinMs: 1,
        events: { onPage: async () => {}, onFault: (fault) => faults.push(fault?.code) },
      },
      stop.signal,
    );
    expect(faults).toEqual(['community.log-unreachable', undefined]);
  });

  it('waits for a full disk, loses nothing, and goes on when there is space again', async () => {
    await using db = await seeded();
    const stop = new AbortController();
    const pageCount = async () =>
      (await sql<{ page_count: number }>`PRAGMA page_count`.execute(db)).rows[0]?.page_count ?? 0;
    const limit = async (pages: number) => await sql`${sql.raw(`PRAGMA max_page_count = ${pages}`)}`.execute(db);
    await limit(await pageCount());
    const faults: (string | undefined)[] = [];
    const entries = Array.from({ length: 300 }, (_, k) => entry(k + 1, at(k, { pv: k, a: k, b: k })));
    await followLog(
      db,
      {
        readPage: async () => testPage(entries, 300, 300),
        listeners: [],
        inTurn: createTurns(),
        retryMinMs: 1,
        events: {
          onPage: async () => stop.abort(),
          onFault: (fault) => {
            faults.push(fault?.code);
            if (fault !== null) void limit(1_000_000);
          },
        },
      },
      stop.signal,
    );
    expect(faults).toEqual(['community.database-unusable', undefined]);
    expect((await intervals(db, 2)).length).toBe(299);
  });
});
