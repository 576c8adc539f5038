/** Random histories in a database: shared as they arrive, shared at once, billed and verified, all to the same mWh. */
import { monthSpan } from '@commonworks/core';
import { BundleFault, createBundleCheck } from '@commonworks/core/ledger/index.ts';
import type { Seed } from '@commonworks/core/seed.ts';
import type { PeriodHeader, ResultRow } from '@commonworks/core/settlement/index.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Db, openDatabase } from '../database.ts';
import { exportBundle } from '../ledger/export-bundle.ts';
import { sha256 } from '../ledger/sha256.ts';
import { applySeed } from '../register/apply-seed.ts';
import { unpackRows } from '../settlement/codec.ts';
import { settleMonth } from '../settlement/settle-month.ts';
import { serveRequests } from './serve-requests.ts';
import { shareStarts } from './share-starts.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [community, edge, anna, ben] = [uuid(1), uuid(2), uuid(5), uuid(6)] as const;
const Q = 900_000;
const month = '2026-10';
const zone = 'UTC';
/** The month's last 34 hours, so that two midnights pass. */
const COUNT = 136;
const END = monthSpan(month, zone).toMs;
const T0 = END - COUNT * Q;

type Point = { no: number; role: Seed['meteringPoints'][number]['role']; member: string | null };
const POINTS: readonly Point[] = [
  { no: 1, role: 'producer', member: null },
  { no: 2, role: 'consumer', member: anna },
  { no: 3, role: 'consumer', member: anna },
  { no: 4, role: 'consumer', member: ben },
  { no: 5, role: 'workshop', member: null },
  { no: 6, role: 'storage', member: null },
  { no: 7, role: 'storage', member: ben },
];
const REGISTERS: readonly (readonly [no: number, direction: 0 | 1])[] = [
  ...[1, 6, 7].map((no) => [no, 1] as const),
  ...[2, 3, 4, 5, 6, 7].map((no) => [no, 0] as const),
];

type Reading = { no: number; direction: 0 | 1; k: number; mwh: number | null };
type World = { seed: Seed; batches: Reading[][] };

const cut = fc.integer({ min: 0, max: COUNT });
const world: fc.Arbitrary<World> = fc
  .record({
    move: cut,
    leave: fc.option(cut),
    transfer: cut,
    tariffs: fc.array(
      fc.record({
        at: fc.integer({ min: 1, max: COUNT - 1 }),
        method: fc.constantFrom('pro-rata' as const, 'fixed' as const),
        shareBy: fc.constantFrom('member' as const, 'point' as const, undefined),
        storageOrigin: fc.constantFrom('proportional' as const, 'solar-first' as const, undefined),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    batches: fc.array(
      fc.array(
        fc.record({
          register: fc.constantFrom(...REGISTERS),
          k: fc.nat(COUNT - 1),
          long: fc.integer({ min: 1, max: 20 }),
          mwh: fc.option(fc.oneof(fc.constant(0), fc.nat(3_000_000)), { freq: 8 }),
        }),
        { minLength: 1, maxLength: 12 },
      ),
      { minLength: 1, maxLength: 8 },
    ),
  })
  .map((of) => ({
    seed: seedOf(of),
    batches: of.batches.map((batch) =>
      batch.flatMap(({ register: [no, direction], k, long, mwh }) =>
        Array.from({ length: Math.min(long, COUNT - k) }, (_, i) => ({
          ...{ no, direction, k: k + i },
          mwh: mwh === null ? null : Math.max(0, mwh - i * 1001),
        })),
      ),
    ),
  }));

type Tariff = Seed['tariffs'][number];
type TariffAt = { at: number; method: Tariff['method'] } & {
  [Key in 'shareBy' | 'storageOrigin']?: Tariff[Key] | undefined;
};

function seedOf(of: { move: number; leave: number | null; transfer: number; tariffs: readonly TariffAt[] }): Seed {
  /** Anna moves from one home to the other in mid-interval; Ben's home may leave. */
  const ends: Record<number, { fromMs: number; toMs: number | null }> = {
    2: { fromMs: 0, toMs: T0 + of.move * Q + 60_000 },
    3: { fromMs: T0 + of.move * Q + 60_000, toMs: null },
    4: { fromMs: 0, toMs: of.leave === null ? null : T0 + of.leave * Q + 1 },
  };
  const prices = { internalPrice: '12.5', gridPrice: '30', feedInPrice: '6' };
  const dated = [...new Map(of.tariffs.map((tariff) => [tariff.at, tariff])).values()].sort((a, b) => a.at - b.at);
  return {
    members: [anna, ben].map((id) => ({ id, name: id, email: null, roles: ['member' as const], joinedMs: 0 })),
    transfers: [
      { from: 'issue', to: 'community', shares: 11, atMs: 0, reason: 'founding' },
      { from: 'community', to: anna, shares: 4, atMs: 1, reason: 'bought' },
      { from: anna, to: ben, shares: 3, atMs: T0 + of.transfer * Q, reason: 'sold' },
    ],
    edges: [],
    meteringPoints: POINTS.map(({ no, role, member }) => ({
      ...{ id: uuid(10 + no), name: `point ${no}`, role, member },
      assignments: [{ edge, device: `d${no}`, ...(ends[no] ?? { fromMs: 0, toMs: null }) }],
    })),
    tariffs: dated.map(({ at, ...tariff }, i) => {
      const chosen = Object.fromEntries(Object.entries(tariff).filter(([, value]) => value !== undefined));
      return { id: uuid(50 + i), fromMs: T0 + (i === 0 ? 0 : at) * Q, method: tariff.method, ...chosen, ...prices };
    }),
    machines: [],
    badges: [],
    bookings: [],
  };
}

async function seeded(seed: Seed): Promise<Db> {
  const db = await openDatabase(':memory:');
  await applySeed(db, seed, { community });
  await serveRequests(db);
  return db;
}

async function measure(db: Db, readings: readonly Reading[]): Promise<number[]> {
  for (const { no, direction, k, mwh } of readings) {
    await db
      .replaceInto('interval')
      .values({
        ...{ point_no: no, direction, start_ms: T0 + k * Q, opening_mwh: mwh === null ? null : 5 },
        ...{ closing_mwh: mwh === null ? null : 5 + mwh, opening_ms: null, closing_ms: null, step_mwh: 0 },
        ...{ energy_mwh: mwh, coverage_ppm: 0, quality: mwh === null ? 5 : 0, version: 1 },
        ...{ opening_source: null, opening_seq: null, closing_source: null, closing_seq: null },
      })
      .execute();
  }
  return readings.map(({ k }) => T0 + k * Q);
}

async function sharesOf(db: Db) {
  return {
    shares: await db
      .selectFrom('interval_share')
      .selectAll()
      .orderBy('start_ms')
      .orderBy('point_no')
      .orderBy('direction')
      .execute(),
    totals: await db.selectFrom('interval_total').selectAll().orderBy('start_ms').execute(),
    states: await db.selectFrom('storage_state').selectAll().orderBy('start_ms').orderBy('point_no').execute(),
  };
}

async function arriving({ seed, batches }: World): Promise<Db> {
  const db = await seeded(seed);
  for (const batch of batches) {
    const starts = await measure(db, batch);
    await db.transaction().execute((tx) => shareStarts(tx, starts));
  }
  await serveRequests(db);
  return db;
}

async function atOnce({ seed, batches }: World): Promise<Db> {
  const db = await seeded(seed);
  const starts = await measure(db, batches.flat());
  await db.transaction().execute((tx) => shareStarts(tx, starts));
  return db;
}

async function verdictOf(db: Db) {
  const bundle = createBundleCheck({ sha256 });
  try {
    for await (const line of exportBundle(db, community)) bundle.line(line);
    return bundle.verdict();
  } catch (error) {
    if (error instanceof BundleFault) return bundle.verdict(error);
    throw error;
  }
}

describe('shares of a random history', () => {
  it('are the same as it arrives and at once, in the draft, on the bill and when verified', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (of) => {
        await using db = await arriving(of);
        await using whole = await atOnce(of);
        const draft = await sharesOf(db);
        expect(draft).toEqual(await sharesOf(whole));
        const settled = {
          community: { id: community, zone, currency: 'EUR' },
          month,
          nowMs: END,
          missing: 'exclude' as const,
        };
        const run = await settleMonth(db, settled);
        if (!run.ok) throw new Error(run.message);
        const header = JSON.parse(run.value.header) as PeriodHeader;
        const days = await db.selectFrom('settlement_day').select('results').orderBy('day').execute();
        const billed = days
          .flatMap(({ results }) => unpackRows<ResultRow>(results))
          .map(([place, ...rest]) => [Number(header.points[place]?.id.slice(-2)) - 10, ...rest].join(' '));
        const drafted = draft.shares.map((row) =>
          [
            row.point_no,
            row.direction,
            row.start_ms,
            row.offered_mwh,
            row.allocated_mwh,
            row.rest_mwh,
            row.rounding_micro,
          ].join(' '),
        );
        expect(billed.sort()).toEqual(drafted.sort());
        expect(await verdictOf(db)).toMatchObject({ verdict: 'consistent', fault: null });
      }),
      { numRuns: 25 },
    );
  }, 240_000);

  it('follow a late change through more intervals than one transaction shares', async () => {
    const seed = seedOf({ move: 0, leave: null, transfer: 0, tariffs: [{ at: 1, method: 'pro-rata' }] });
    const long = { ...seed, tariffs: seed.tariffs.map((tariff) => ({ ...tariff, fromMs: T0 - 900 * Q })) };
    // Charged once and given back a little in every interval for nine days, so that all of them depend on the first.
    const early = { no: 6, direction: 0 as const, k: -850 };
    const others = Array.from({ length: 880 }, (_, i) => [
      { no: 6, direction: 1 as const, k: i - 849, mwh: 1000 + i },
      { no: 6, direction: 0 as const, k: i - 849, mwh: 1500 + i },
      { no: 4, direction: 0 as const, k: i - 849, mwh: 700 },
      { no: 1, direction: 1 as const, k: i - 849, mwh: (i % 40) * 50 },
    ]).flat();
    const late = [{ ...early, mwh: 90_000_000 }];
    await using db = await arriving({ seed: long, batches: [others, late] });
    await using whole = await atOnce({ seed: long, batches: [others, late] });
    expect(await sharesOf(db)).toEqual(await sharesOf(whole));
    expect(await db.selectFrom('derive_request').selectAll().execute()).toEqual([]);
  }, 120_000);
});
