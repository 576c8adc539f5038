/** What is known of a connection and its meter decides what is credited; what was judged is kept, and can be read. */
import { encodePack, type LogEntry, monthSpan, type Sample } from '@commonworks/core';
import type { Seed } from '@commonworks/core/seed.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Db, openDatabase } from '../database.ts';
import { applySeed } from '../register/apply-seed.ts';
import { setRatedPower } from '../register/points.ts';
import { openSpans } from '../settlement/periods.ts';
import { settleMonth } from '../settlement/settle-month.ts';
import { createTurns, followLog } from './follow-log.ts';
import { listJudgements, registerBreaks } from './list-judgements.ts';
import { processPage } from './process-page.ts';
import { serveRequests } from './serve-requests.ts';
import { testPage } from './test-page.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [community, roof, home] = [uuid(1), uuid(2), uuid(10)] as const;
const T0 = Date.UTC(2026, 9, 1);
const Q = 900_000;
const ALL = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

type Assignment = Seed['meteringPoints'][number]['assignments'][number];
const measuredBy = (device: string, rest: Partial<Assignment> = {}): Assignment => ({
  ...{ edge: roof, device, fromMs: 0, toMs: null },
  ...rest,
});

async function seeded(of: { ratedPowerW?: number; assignments?: Assignment[] } = {}): Promise<Db> {
  const { assignments = [measuredBy('a')], ...rated } = of;
  const db = await openDatabase(':memory:');
  const seed: Seed = {
    ...{ members: [], transfers: [], edges: [], machines: [], badges: [], bookings: [] },
    meteringPoints: [{ id: home, name: 'Home', role: 'consumer', member: null, ...rated, assignments }],
    tariffs: [{ id: uuid(20), fromMs: 0, method: 'pro-rata', internalPrice: '12', gridPrice: '30', feedInPrice: '6' }],
  };
  await applySeed(db, seed, { community });
  return db;
}

type Reading = readonly [timeMs: number, wh: number, device?: string];

function entry(seq: number, readings: readonly Reading[], steps: object[] = []): LogEntry {
  const samples: Sample[] = readings.map(([timeMs, value, device = 'a']) => ({
    ...{ device, point: 'importedWh', timeMs, value, quality: 'good' },
  }));
  const events = steps.map((body) => ({
    ...{ device: 'a', type: 'counter', timeMs: readings[0]?.[0] ?? T0, body: { point: 'importedWh', ...body } },
  }));
  const body = encodePack({ edge: roof, epoch: uuid(3), seq, boot: uuid(4), samples, events });
  return { cursor: seq, edge: roof, epoch: uuid(3), seq, receivedMs: Date.UTC(2026, 11, 31), hash: '', body };
}

/** One pack for every quarter hour from T0 on. */
const every = (wh: readonly number[], fromMs = T0) => wh.map((value, k) => entry(k + 1, [[fromMs + k * Q, value]]));
const feed = (db: Db, entries: LogEntry[]) => processPage(db, { entries, next: entries.at(-1)?.cursor ?? 0 }, []);
const intervals = (db: Db) => db.selectFrom('interval').selectAll().orderBy('start_ms').execute();
const energies = async (db: Db) => (await intervals(db)).map((row) => row.energy_mwh);
const judged = async (db: Db) =>
  (await listJudgements(db, 1, { span: ALL, limit: 100 }))
    .toReversed()
    .map((one) => [(one.timeMs - T0) / Q, one.kind, one.creditedMwh]);
const rate = async (db: Db, ratedPowerW: number | null) => {
  await setRatedPower(db, { id: home, ratedPowerW }, await openSpans(db));
  await serveRequests(db);
};

/** A meter with a higher register takes the place of the one that was assigned. */
const LEAP = [1000, 1500, 2000, 90_000, 90_400, 90_700, 91_000];
const LEAP_MISSING = [500_000, 500_000, null, 400_000, 300_000, 300_000];

describe('a rollover', () => {
  const wraps = [99_998_000, 99_999_500, 700, 1900, 2500];

  it('is credited from the log to the interval when the modulus and the rated power are known', async () => {
    const assignments = [measuredBy('a', { registerModulusWh: 100_000_000 })];
    await using db = await seeded({ ratedPowerW: 24_000, assignments });
    const stop = new AbortController();
    const readPage = async (after: number) => ({
      ...testPage(
        every(wraps).filter((one) => one.cursor > after),
        wraps.length,
        wraps.length,
      ),
    });
    const events = { onPage: async () => stop.abort(), onFault: () => {} };
    await followLog(db, { readPage, listeners: [], inTurn: createTurns(), events }, stop.signal);
    const rows = await intervals(db);
    expect(rows.map((row) => [row.opening_mwh, row.closing_mwh, row.step_mwh, row.energy_mwh])).toEqual([
      [99_998_000_000, 99_999_500_000, 0, 1_500_000],
      [99_999_500_000, 700_000, 100_000_000_000, 1_200_000],
      [700_000, 1_900_000, 0, 1_200_000],
      [1_900_000, 2_500_000, 0, 600_000],
    ]);
    expect(rows.every((row) => row.quality === 0)).toBe(true);
    expect(await judged(db)).toEqual([[2, 'rollover', 1_200_000]]);
  });

  it('is not credited without the one or the other, and the interval says so', async () => {
    await using unknown = await seeded({ ratedPowerW: 24_000 });
    await feed(unknown, every(wraps));
    expect(await energies(unknown)).toEqual([1_500_000, 700_000, 1_200_000, 600_000]);
    expect((await intervals(unknown)).map((row) => row.quality)).toEqual([0, 1, 0, 0]);
    expect(await judged(unknown)).toEqual([[2, 'reset', 700_000]]);
    await using unbounded = await seeded({ assignments: [measuredBy('a', { registerModulusWh: 100_000_000 })] });
    await feed(unbounded, every(wraps));
    expect(await energies(unbounded)).toEqual([1_500_000, null, 1_200_000, 600_000]);
  });

  it('is judged by the modulus of the meter that was there', async () => {
    const assignments = [
      measuredBy('a', { toMs: T0 + 2 * Q, registerModulusWh: 100_000 }),
      measuredBy('b', { fromMs: T0 + 2 * Q, registerModulusWh: 1_000_000 }),
    ];
    await using db = await seeded({ ratedPowerW: 24_000, assignments });
    const b = (k: number, wh: number) => entry(k + 1, [[T0 + k * Q, wh, 'b']]);
    await feed(db, [...every([99_000, 400]), b(2, 999_000), b(3, 200), b(4, 500)]);
    expect(await energies(db)).toEqual([1_400_000, null, 1_200_000, 300_000]);
    expect((await judged(db)).map(([, kind]) => kind)).toEqual(['rollover', 'swap', 'rollover']);
  });
});

describe('an impossible leap', () => {
  it('is missing, not billed, when the rated power is known', async () => {
    await using db = await seeded({ ratedPowerW: 24_000 });
    await feed(db, every(LEAP));
    expect(await energies(db)).toEqual(LEAP_MISSING);
    expect(await judged(db)).toEqual([[3, 'swap', null]]);
  });

  it('is taken back when the rated power is set, as if it had been known from the start', async () => {
    await using known = await seeded({ ratedPowerW: 24_000 });
    await feed(known, every(LEAP));
    await using told = await seeded();
    await feed(told, every(LEAP));
    expect(await energies(told)).toEqual([500_000, 500_000, 88_000_000, 400_000, 300_000, 300_000]);
    expect(await judged(told)).toEqual([]);
    await rate(told, 24_000);
    const plain = (rows: Awaited<ReturnType<typeof intervals>>) => rows.map(({ version: _version, ...row }) => row);
    expect(plain(await intervals(told))).toEqual(plain(await intervals(known)));
    expect(await judged(told)).toEqual(await judged(known));
    expect(
      await told
        .selectFrom('interval_share')
        .select('start_ms')
        .where('start_ms', '=', T0 + 2 * Q)
        .execute(),
    ).toEqual([]);
    await rate(told, null);
    expect(await judged(told)).toEqual([]);
    expect((await energies(told))[2]).toBe(88_000_000);
  });

  it('leaves a settled month as it was billed when the rated power comes later', async () => {
    const month = monthSpan('2026-10', 'Europe/Vienna');
    await using db = await seeded();
    // A leap an hour before the month's end, and one half an hour after it.
    const wh = [0, 500, 70_000, 70_500, 71_000, 71_500, 160_000, 160_300, 160_600, 160_900];
    await feed(db, every(wh, month.toMs - 4 * Q));
    const settle = () =>
      settleMonth(db, {
        community: { id: community, zone: 'Europe/Vienna', currency: 'EUR' },
        ...{ month: '2026-10', missing: 'exclude', nowMs: month.toMs + Q },
      });
    const settled = await settle();
    expect(settled.ok).toBe(true);
    const before = await intervals(db);
    await rate(db, 24_000);
    const after = await intervals(db);
    expect(after.slice(0, 4)).toEqual(before.slice(0, 4));
    expect(after.slice(4).map((row) => row.energy_mwh)).toEqual([500_000, null, 300_000, 300_000, 300_000]);
    expect((await judged(db)).map(([, kind]) => kind)).toEqual(['swap']);
    expect(await settle()).toEqual(settled);
  });
});

describe('judgements', () => {
  const restart = [800_000, 800_500, 200, 700, 1200, 1700];

  it('are the same for one page, for single records, for a page that comes again and when derived again', async () => {
    const wh = [...restart, 1690, 1700, 1900, 0, 2400, 2900];
    const wanted = [
      [2, 'reset', 200_000],
      [6, 'dip', 0],
      [9, 'glitch', 0],
    ];
    await using whole = await seeded({ ratedPowerW: 24_000 });
    await feed(whole, every(wh));
    expect(await judged(whole)).toEqual(wanted);
    await using single = await seeded({ ratedPowerW: 24_000 });
    for (const one of every(wh)) await feed(single, [one]);
    await feed(single, every(wh));
    expect(await judged(single)).toEqual(wanted);
    await rate(single, 24_000);
    expect(await judged(single)).toEqual(wanted);
  });

  it('go when a late record explains the step', async () => {
    await using db = await seeded();
    const late = [1000, 1200, 1400, 0, 10, 20, 1600, 1800].map((wh, k) => entry(k + 1, [[T0 + k * Q, wh]]));
    await feed(db, late.slice(0, 6));
    expect(await judged(db)).toEqual([[3, 'reset', 0]]);
    await feed(db, late.slice(6));
    expect(await judged(db)).toEqual([
      [3, 'glitch', 0],
      [4, 'glitch', 0],
      [5, 'glitch', 0],
    ]);
    expect((await energies(db)).reduce((sum: number, mwh) => sum + (mwh ?? 0), 0)).toBe(800_000);
  });

  it('and intervals are the same for any order of arrival', async () => {
    const trouble = fc.constantFrom('none', 'none', 'none', 'zero', 'dip', 'leap', 'restart');
    const step = fc.tuple(fc.integer({ min: 0, max: 6000 }), trouble, fc.integer());
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 20 }), async (steps) => {
        let wh = 400_000;
        const entries = every(
          steps.map(([rise, kind]) => {
            wh = kind === 'leap' ? wh + 50_000 : kind === 'restart' ? 0 : wh + rise;
            return kind === 'zero' ? 0 : kind === 'dip' ? Math.max(0, wh - 90) : wh;
          }),
        );
        const shuffled = entries.toSorted((a, b) => (steps[a.seq - 1]?.[2] ?? 0) - (steps[b.seq - 1]?.[2] ?? 0));
        await using whole = await seeded({ ratedPowerW: 24_000 });
        await feed(whole, entries);
        await using single = await seeded({ ratedPowerW: 24_000 });
        for (const [i, one] of shuffled.entries()) await feed(single, [{ ...one, cursor: i + 1 }]);
        const measured = async (db: Db) =>
          (await intervals(db)).filter((row) => row.energy_mwh !== null).map(({ version, ...row }) => row);
        expect(await measured(single)).toEqual(await measured(whole));
        expect(await judged(single)).toEqual(await judged(whole));
      }),
      { numRuns: 30 },
    );
  });

  it('name a late reading that is ignored', async () => {
    await using db = await seeded({ ratedPowerW: 24_000 });
    await feed(db, every([1000, 1500, 2000, 2500]));
    await feed(db, [entry(9, [[T0 + Q + 60_000, 0]])]);
    expect(await energies(db)).toEqual([500_000, 500_000, 500_000]);
    expect((await listJudgements(db, 1, { span: ALL, limit: 9 })).map(({ kind }) => kind)).toEqual(['glitch']);
  });

  it('name each register that broke off, but no exchange that was registered', async () => {
    const assignments = [measuredBy('a', { toMs: T0 + 3 * Q }), measuredBy('b', { fromMs: T0 + 3 * Q })];
    await using db = await seeded({ ratedPowerW: 24_000, assignments });
    const b = (k: number, wh: number) => entry(k + 1, [[T0 + k * Q, wh, 'b']]);
    await feed(db, [...every([800_000, 100, 300]), b(3, 5000), b(4, 5100)]);
    expect((await judged(db)).map(([, kind]) => kind)).toEqual(['reset', 'swap']);
    expect(await registerBreaks(db, T0)).toMatchObject([
      { pointName: 'Home', judgement: { timeMs: T0 + Q, kind: 'reset', creditedMwh: 100_000 } },
    ]);
    expect(await registerBreaks(db, T0 + 2 * Q)).toEqual([]);
  });

  it('tell what an agent judged itself as the meter showed it', async () => {
    await using db = await seeded({ ratedPowerW: 24_000 });
    const rollover = { kind: 'rollover', beforeMwh: 999_000, afterMwh: 4000, creditedMwh: 5000 };
    const swap = { kind: 'swap', beforeMwh: 10_000, afterMwh: 700_000, creditedMwh: null };
    await feed(db, [
      ...every([990, 999]),
      entry(3, [[T0 + 2 * Q, 4]], [rollover]),
      entry(4, [[T0 + 3 * Q, 10]]),
      entry(5, [[T0 + 4 * Q, 700]], [swap]),
      entry(6, [[T0 + 5 * Q, 710]]),
    ]);
    expect(await energies(db)).toEqual([9000, 5000, 6000, null, 10_000]);
    const shown = (await listJudgements(db, 1, { span: ALL, limit: 9 })).map((one) => [
      one.kind,
      one.beforeMwh,
      one.afterMwh,
    ]);
    expect(shown).toEqual([
      ['swap', 10_000, 700_000],
      ['rollover', 999_000, 4000],
    ]);
  });
});
