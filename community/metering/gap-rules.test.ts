/** Gaps through the database: each way of placing them, chosen from a month on; the register's energy stays whole. */
import { encodePack, type LogEntry, type Sample } from '@commonworks/core';
import type { GapMethod } from '@commonworks/core/metering/index.ts';
import type { Seed } from '@commonworks/core/seed.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Db, openDatabase } from '../database.ts';
import { applySeed } from '../register/apply-seed.ts';
import { processPage } from './process-page.ts';
import { serveRequests } from './serve-requests.ts';
import { listGapRules, setGapRule } from './set-gap-rule.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const T0 = Date.UTC(2026, 9, 5);
const Q = 900_000;
const DAY = 96;
const HOMES = ['a', 'b', 'c'] as const;
type Home = (typeof HOMES)[number];

async function village(): Promise<Db> {
  const db = await openDatabase(':memory:');
  const assigned = (device: string) => [{ edge: uuid(2), device, fromMs: 0, toMs: null }];
  const seed: Seed = {
    members: [{ id: uuid(5), name: 'Theo', email: null, roles: ['treasurer'], joinedMs: 0 }],
    ...{ transfers: [], edges: [], machines: [], badges: [], bookings: [] },
    meteringPoints: HOMES.map((device, i) => {
      return { id: uuid(10 + i), name: device, role: 'consumer', member: null, assignments: assigned(device) };
    }),
    tariffs: [{ id: uuid(20), fromMs: 0, method: 'pro-rata', internalPrice: '12', gridPrice: '30', feedInPrice: '6' }],
  };
  await applySeed(db, seed, { community: uuid(1) });
  return db;
}

/** Evenings use ten times as much as the rest of the day; whole mWh. */
const usedMwh = (home: Home, k: number) => {
  const part = (k % DAY) / DAY;
  const evening = part > 0.7 && part < 0.9 ? 10 : 1;
  return 1000 * evening * (HOMES.indexOf(home) + 1);
};
const registerMwh = (home: Home, k: number) => {
  let sum = 5_000_000;
  for (let i = 0; i < k; i++) sum += usedMwh(home, i);
  return sum;
};

type Read = { readonly home: Home; readonly k: number };
let cursor = 0;
async function feed(db: Db, reads: readonly Read[]): Promise<void> {
  const samples = reads.map(({ home, k }): Sample => {
    const value = registerMwh(home, k) / 1000;
    return { device: home, point: 'importedWh', timeMs: T0 + k * Q, value, quality: 'good' };
  });
  const entries: LogEntry[] = [];
  for (let i = 0; i < samples.length; i += 500) {
    cursor++;
    const keys = { edge: uuid(2), epoch: uuid(3), seq: cursor };
    const body = encodePack({ ...keys, boot: uuid(4), samples: samples.slice(i, i + 500), events: [] });
    entries.push({ ...keys, cursor, receivedMs: Date.UTC(2026, 11, 1), hash: '', body });
  }
  await processPage(db, { entries, next: cursor }, []);
  await serveRequests(db);
}

const reads = (home: Home, isRead: (k: number) => boolean, days = 3): Read[] =>
  Array.from({ length: days * DAY + 1 }, (_, k) => ({ home, k })).filter(({ k }) => isRead(k));

async function choose(db: Db, method: GapMethod, month = '2026-10') {
  const by = { zone: 'Europe/Vienna', author: uuid(5), nowMs: T0 };
  const result = await db.transaction().execute((tx) => setGapRule(tx, { method, month, ...by }));
  await serveRequests(db);
  return result;
}

const intervals = (db: Db, no = 1) =>
  db.selectFrom('interval').selectAll().where('point_no', '=', no).orderBy('start_ms').execute();
const unplaced = (db: Db) => db.selectFrom('unplaced_energy').selectAll().orderBy('from_ms').execute();

/** Home a was not read on the second day's evening, nor for the hours beside it. */
const GAP = { from: DAY + 60, to: DAY + 90 };
const isRead = (k: number) => k <= GAP.from || k >= GAP.to;
const isWithin = (startMs: number) => startMs >= T0 + GAP.from * Q && startMs < T0 + GAP.to * Q;

describe('the energy of a gap', () => {
  it.each([
    ['flat', 'flat'],
    ['day-before', 'day-before'],
    ['load-curve', 'load-curve'],
  ] as const)('is placed %s, whole, and says so', async (chosen, method) => {
    await using db = await village();
    await choose(db, chosen);
    await feed(db, [...reads('b', () => true), ...reads('c', () => true)]);
    await feed(db, reads('a', isRead));
    const gap = (await intervals(db)).filter((row) => isWithin(row.start_ms));
    expect(gap.map((row) => row.method)).toEqual(Array(GAP.to - GAP.from).fill(method));
    expect(gap.every((row) => row.quality === 1)).toBe(true);
    const placed = gap.map((row) => row.energy_mwh ?? 0);
    const total = registerMwh('a', GAP.to) - registerMwh('a', GAP.from);
    expect(placed.reduce((sum, mwh) => sum + mwh, 0)).toBe(total);
    // Days are alike and homes use in proportion: both shapes are the truth.
    const truth = gap.map((_, i) => usedMwh('a', GAP.from + i));
    const even = gap.map(() => total / gap.length);
    expect(placed.map((mwh, i) => Math.abs(mwh - ((chosen === 'flat' ? even : truth)[i] ?? 0)) <= 1)).toEqual(
      gap.map(() => true),
    );
    expect((await unplaced(db)).length).toBe(0);
  });

  it('stays unplaced where a community wants no estimate, and stands in the account', async () => {
    await using db = await village();
    await choose(db, 'unplaced');
    await feed(db, reads('a', isRead));
    const gap = (await intervals(db)).filter((row) => isWithin(row.start_ms));
    expect(gap.map((row) => row.energy_mwh)).toEqual(Array(GAP.to - GAP.from).fill(null));
    expect(await unplaced(db)).toMatchObject([
      {
        from_ms: T0 + GAP.from * Q,
        to_ms: T0 + GAP.to * Q,
        energy_mwh: registerMwh('a', GAP.to) - registerMwh('a', GAP.from),
        reason: 'gap',
      },
    ]);
  });

  it('is placed again when the community chooses otherwise, and never where a month is settled', async () => {
    await using db = await village();
    await feed(db, reads('a', isRead));
    const methods = async () =>
      new Set((await intervals(db)).filter((row) => isWithin(row.start_ms)).map((row) => row.method));
    expect(await methods()).toEqual(new Set(['flat']));
    await choose(db, 'unplaced');
    expect(await methods()).toEqual(new Set([null]));
    await choose(db, 'day-before', '2026-11');
    expect(await methods()).toEqual(new Set([null]));
    await choose(db, 'day-before');
    expect(await methods()).toEqual(new Set(['day-before']));
    expect(await unplaced(db)).toEqual([]);
    expect(await listGapRules(db)).toMatchObject([{ method: 'day-before', author: 'Theo' }, { method: 'flat' }]);
  });

  it('follows the load curve whatever the order in which the homes arrive', async () => {
    const all = [...reads('a', isRead), ...reads('b', () => true), ...reads('c', (k) => k < DAY + 70 || k > DAY + 75)];
    const whole = await village();
    await choose(whole, 'load-curve');
    await feed(whole, all);
    const want = await Promise.all([1, 2, 3].map(async (no) => (await intervals(whole, no)).map(strip)));
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat({ max: 1_000_000 })), async (dice) => {
        await using db = await village();
        await choose(db, 'load-curve');
        const shuffled = all.map((read) => ({ read, at: dice.next().value })).sort((a, b) => a.at - b.at);
        for (let i = 0; i < shuffled.length; i += 120) {
          await feed(
            db,
            shuffled.slice(i, i + 120).map(({ read }) => read),
          );
        }
        const have = await Promise.all([1, 2, 3].map(async (no) => (await intervals(db, no)).map(strip)));
        expect(have).toEqual(want);
      }),
      { numRuns: 5 },
    );
    await whole.destroy();
  });
});

/** How often a row changed, and the packs, depend on the way. */
function strip({ version: _v, opening_seq: _o, closing_seq: _c, ...row }: Awaited<ReturnType<typeof intervals>>[0]) {
  return row;
}
