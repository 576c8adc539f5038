/** A synthetic month from packs to statements: sums, corrections, refusals, and one line worked out by hand. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePack, type LogEntry, monthSpan, type Sample } from '@commonworks/core';
import type { Seed } from '@commonworks/core/seed.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { type Db, openDatabase } from '../database.ts';
import { accountBalance } from '../ledger/read-entries.ts';
import { processPage } from '../metering/process-page.ts';
import { applySeed } from '../register/apply-seed.ts';
import { assignDevice } from '../register/points.ts';
import { memberShare } from './member-share.ts';
import { listSettlements } from './runs.ts';
import { settleDue } from './settle-due.ts';
import { settleMonth } from './settle-month.ts';
import { memberStatement } from './statement.ts';
import { listStatements } from './statement-list.ts';
import { settledIntervals } from './statement-trace.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [roof, epoch, boot, anna, ben] = [uuid(2), uuid(3), uuid(4), uuid(5), uuid(6)] as const;
const community = { id: uuid(1), zone: 'Europe/Vienna', currency: 'EUR' };
/** October 2026 in Vienna: the clock goes back on the 25th, so that the month has 31 x 96 + 4 = 2980 quarter hours. */
const month = '2026-10';
const span = monthSpan(month, community.zone);
const Q = 900_000;
const COUNT = 2980;

const point = (
  n: number,
  role: 'consumer' | 'producer' | 'workshop',
  owner: { device: string; member: string | null },
) => ({
  id: uuid(n),
  name: owner.device,
  role,
  member: owner.member,
  assignments: [{ edge: roof, device: owner.device, fromMs: span.fromMs, toMs: null }],
});
const SEED: Seed = {
  members: [
    { id: anna, name: 'Anna', email: null, roles: ['member'], joinedMs: 0 },
    { id: ben, name: 'Ben', email: null, roles: ['member'], joinedMs: 0 },
  ],
  transfers: [
    { from: 'issue', to: 'community', shares: 10, atMs: 0, reason: 'founding' },
    { from: 'community', to: anna, shares: 4, atMs: 1, reason: 'bought' },
  ],
  edges: [],
  meteringPoints: [
    point(10, 'producer', { device: 'pv', member: null }),
    point(11, 'consumer', { device: 'a', member: anna }),
    point(12, 'consumer', { device: 'b', member: ben }),
    point(13, 'workshop', { device: 'w', member: null }),
    point(14, 'producer', { device: 'p', member: ben }),
  ],
  tariffs: [{ id: uuid(20), fromMs: 0, method: 'pro-rata', internalPrice: '12.5', gridPrice: '30', feedInPrice: '6' }],
  machines: [],
  badges: [],
  bookings: [],
};
const PRODUCERS = new Set(['pv', 'p']);

/** Registers in Wh with three decimals after k quarter hours: small, odd steps so that rounding has work to do. */
const REGISTERS: Record<string, (k: number) => number> = {
  pv: (k) => 1000 + (k * 101.003 + ((k * 7) % 5)),
  p: (k) => k * 7.001,
  a: (k) => 500 + k * 37.037,
  b: (k) => k * 61.011 + (k % 3),
  w: (k) => 9 + k * 53.999,
};
const register = (device: string, k: number) => Math.round((REGISTERS[device]?.(k) ?? 0) * 1000) / 1000;

function entries(options: { skip?: (device: string, k: number) => boolean; to?: number } = {}): LogEntry[] {
  return Array.from({ length: (options.to ?? COUNT + 4) + 1 }, (_, k) => {
    const samples: Sample[] = Object.keys(REGISTERS)
      .filter((device) => options.skip?.(device, k) !== true)
      .map((device) => ({
        device,
        point: PRODUCERS.has(device) ? 'exportedWh' : 'importedWh',
        timeMs: span.fromMs + k * Q,
        value: register(device, k),
        quality: 'good',
      }));
    const body = encodePack({ edge: roof, epoch, seq: k + 1, boot, samples, events: [] });
    return { cursor: k + 1, edge: roof, epoch, seq: k + 1, receivedMs: Date.UTC(2026, 11, 31), hash: '', body };
  });
}

/** A measured month is made once for each set of options and copied for each test. */
const folder = mkdtempSync(join(tmpdir(), 'settlement-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const made = new Map<string, string>();

async function metered(options: Parameters<typeof entries>[0] = {}, seed: Seed = SEED): Promise<Db> {
  const key = JSON.stringify([options.to, options.skip?.toString(), seed]);
  const original = made.get(key) ?? join(folder, `${made.size}.db`);
  if (!made.has(key)) {
    await using db = await openDatabase(original);
    await applySeed(db, seed, { community: community.id });
    // What a gap holds is a person's to say.
    await db
      .insertInto('gap_rule')
      .values({ from_ms: 0, method: 'unplaced', author: 'nobody', created_ms: 0 })
      .execute();
    const all = entries(options);
    for (let i = 0; i < all.length; i += 1000) {
      const page = all.slice(i, i + 1000);
      await processPage(db, { entries: page, next: page.at(-1)?.cursor ?? 0 }, []);
    }
    made.set(key, original);
  }
  copies++;
  copyFileSync(original, join(folder, `copy-${copies}.db`));
  return await openDatabase(join(folder, `copy-${copies}.db`));
}
let copies = 0;
const nowMs = span.toMs + 2 * 3_600_000;
const settle = (db: Db, missing: 'refuse' | 'exclude' = 'refuse') =>
  settleMonth(db, { community, month, nowMs, missing });
const statement = (db: Db, member: string, of = month) => memberStatement(db, { community, member, month: of, nowMs });

async function settled(db: Db, missing?: 'refuse' | 'exclude') {
  const result = await settle(db, missing);
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

describe('settleMonth', () => {
  it('shares the whole production of the month, to the mWh, and leaves no energy in the pool', async () => {
    await using db = await metered();
    const run = await settled(db);
    const registers = (device: string) => Math.round((register(device, COUNT) - register(device, 0)) * 1000);
    expect(run.production_mwh).toBe(registers('pv') + registers('p'));
    expect(run.allocated_mwh + run.surplus_mwh).toBe(run.production_mwh);
    expect(await accountBalance(db, 'community/pool', 'mWh')).toBe(0);
    expect(await accountBalance(db, 'community/surplus', 'mWh')).toBe(run.surplus_mwh);
    expect(await accountBalance(db, `point/${uuid(10)}`, 'mWh')).toBe(-registers('pv'));
    expect(JSON.parse(run.notes)).toEqual([]);
  });

  it('gives statements whose lines are the postings, and whose energy is the registers', async () => {
    await using db = await metered();
    const draft = await statement(db, anna);
    const run = await settled(db);
    const final = await statement(db, anna);
    expect(draft).toMatchObject({ status: 'draft', totalMinor: final?.totalMinor, energy: final?.energy });
    expect(final).toMatchObject({
      status: 'settled',
      version: 1,
      ledgerHead: run.ledger_head,
      inputsHash: run.inputs_hash,
    });
    expect(final?.energy.consumedMwh).toBe(Math.round((register('a', COUNT) - register('a', 0)) * 1000));
    expect(final?.energy).toMatchObject({ intervals: COUNT, intervalsComplete: COUNT, quality: 'good' });
    for (const member of [anna, ben]) {
      const { totalMinor, lines } = (await statement(db, member)) ?? { totalMinor: 0, lines: [] };
      expect(lines.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(totalMinor);
      expect(await accountBalance(db, `member/${member}`, 'EUR')).toBe(totalMinor);
    }
    expect((await statement(db, ben))?.lines.map((line) => line.kind)).toEqual(['energy', 'credit']);
    expect(await listStatements(db, { community, member: anna, nowMs })).toMatchObject([
      { month: '2026-11', status: 'draft' },
      { month, status: 'settled', totalMinor: final?.totalMinor },
    ]);
  });

  it('shows what a member used also when the community covered nothing of it', async () => {
    await using db = await metered({ skip: (device) => PRODUCERS.has(device) });
    const draft = await statement(db, anna);
    await settled(db, 'exclude');
    const final = await statement(db, anna);
    expect(draft?.energy).toMatchObject({ allocatedMwh: 0, intervalsComplete: COUNT });
    expect(final?.energy).toEqual(draft?.energy);
    expect(final?.totalMinor).toBe(0);
  });

  it('settles what a device assigned a moment ago has measured', async () => {
    const unassigned = SEED.meteringPoints.map((one) => (one.id === uuid(11) ? { ...one, assignments: [] } : one));
    await using db = await metered({}, { ...SEED, meteringPoints: unassigned });
    await assignDevice(db, uuid(11), { edge: roof, device: 'a', fromMs: span.fromMs, toMs: null });
    await settled(db);
    const final = await statement(db, anna);
    expect(final?.energy).toMatchObject({ intervals: COUNT, intervalsComplete: COUNT });
  });

  it('can be repeated and gives the run that exists, and on another machine the same hashes', async () => {
    await using db = await metered();
    await using other = await metered();
    const run = await settled(db);
    const again = await settled(db);
    expect(again.id).toBe(run.id);
    const elsewhere = await settled(other);
    expect([elsewhere.inputs_hash, elsewhere.results_hash]).toEqual([run.inputs_hash, run.results_hash]);
    expect(await listSettlements(db)).toHaveLength(1);
  });

  it('refuses an open month, a silent point and missing intervals, and says which', async () => {
    await using db = await metered({ skip: (device, k) => device === 'a' && k >= 100 && k <= 102 });
    expect(await settleMonth(db, { community, month, nowMs: span.toMs - 1, missing: 'exclude' })).toMatchObject({
      reason: 'community.period-open',
    });
    const refused = await settle(db);
    expect(refused).toMatchObject({ ok: false, reason: 'community.period-incomplete' });
    expect(!refused.ok && refused.message).toMatch(/^a: 4 of 2980 quarter hours are missing/);
    await using early = await metered({ to: COUNT - 10 });
    const silent = await settle(early, 'refuse');
    expect(!silent.ok && silent.message).toContain('pv was not heard');
  });

  it('lists excluded intervals openly, and shares them among those that were measured', async () => {
    await using db = await metered({ skip: (device, k) => device === 'a' && k >= 100 && k <= 102 });
    const run = await settled(db, 'exclude');
    expect((await listSettlements(db))[0]?.reasons).toEqual([
      'a: 4 of 2980 quarter hours are missing and were left out',
      expect.stringMatching(/^a: 0\.\d+ kWh between .* stand in no quarter hour$/),
    ]);
    expect(run.allocated_mwh + run.surplus_mwh).toBe(run.production_mwh);
    const final = await statement(db, anna);
    expect(final?.energy).toMatchObject({ intervals: COUNT, intervalsComplete: COUNT - 4 });
  });

  it('corrects a closed month by entries in the open one and leaves its statement as it was', async () => {
    const isLate = (device: string, k: number) => device === 'a' && k >= 100 && k <= 102;
    await using db = await metered({ skip: isLate });
    await settled(db, 'exclude');
    const before = await statement(db, anna);
    const late = entries()
      .slice(100, 103)
      .map((entry, i) => ({ ...entry, seq: 10_000 + i, cursor: 10_000 + i }));
    await processPage(db, { entries: late, next: 10_002 }, []);
    const second = await settled(db);
    expect(second).toMatchObject({ version: 2, period: '2026-11' });
    expect(await statement(db, anna)).toEqual(before);
    const november = await statement(db, anna, '2026-11');
    expect(november?.lines.filter((line) => line.kind === 'adjustment')).toHaveLength(1);
    await using whole = await metered();
    await settled(whole);
    const total =
      (before?.totalMinor ?? 0) + (november?.lines.find((line) => line.kind === 'adjustment')?.amountMinor ?? 0);
    expect(total).toBe((await statement(whole, anna))?.totalMinor);
    expect(await accountBalance(db, 'community/pool', 'mWh')).toBe(0);
  });

  it('settles by itself once the month is over and all are heard', async () => {
    await using early = await metered({ to: COUNT + 3 });
    expect(await settleDue(early, community, nowMs)).toEqual([]);
    await using db = await metered({ to: COUNT + 4 });
    expect(await settleDue(db, community, nowMs)).toMatchObject([{ month, version: 1 }]);
    expect(await settleDue(db, community, nowMs)).toEqual([]);
  });

  it('expects nothing before the tariff and the meter were there, even if they began within a quarter hour', async () => {
    const begin = span.fromMs + 1000 * Q + 1234;
    const tariffs = SEED.tariffs.map((tariff) => ({ ...tariff, fromMs: begin }));
    const meteringPoints = SEED.meteringPoints.map((one) => ({
      ...one,
      assignments: one.assignments.map((assignment) => ({
        ...assignment,
        fromMs: begin + (one.member === null ? 0 : 5 * Q),
      })),
    }));
    await using db = await metered({}, { ...SEED, tariffs, meteringPoints });
    const run = await settled(db, 'refuse');
    expect(JSON.parse(run.notes)).toEqual([]);
    expect((await statement(db, anna))?.energy).toMatchObject({
      intervals: COUNT - 1006,
      intervalsComplete: COUNT - 1006,
    });
  });

  it('shares by holdings under the fixed key; unsold shares are the community workshop', async () => {
    const tariffs = SEED.tariffs.map((tariff) => ({ ...tariff, method: 'fixed' as const }));
    await using db = await metered({ to: 4 }, { ...SEED, tariffs });
    const rows = await db.selectFrom('interval_share').selectAll().where('start_ms', '=', span.fromMs).execute();
    // 1 quarter hour: pv 103.003 + p 7.001 = 110.004 Wh; Anna holds 4 of 10, Ben none, the community 6.
    expect(rows.filter((row) => row.direction === 0).map((row) => [row.offered_mwh, row.allocated_mwh])).toEqual([
      [44_002, 37_037],
      [0, 0],
      [66_002, 53_999],
    ]);
  });
});

describe('a line by hand', () => {
  it('comes from registers, the rule and the price alone', async () => {
    await using db = await metered({ to: 1 });
    // First quarter hour. Sun 1103.003 + ... the registers: pv 1000 -> 1103.003, p 0 -> 7.001: 110.004 Wh were made.
    // Anna 500 -> 537.037 used 37.037; Ben 0 -> 62.011 used 62.011; the workshop 9 -> 62.999 used 53.999; together 153.047.
    // Anna's part: 110.004 x 37.037 / 153.047 = 26.62069... Wh = 26620.70 mWh, rounded by largest remainder to 26621.
    const share = await memberShare(db, {
      member: anna,
      day: '2026-10-01',
      zone: community.zone,
      nowMs: span.fromMs + 2 * Q,
    });
    const [interval] = share?.day.intervals ?? [];
    expect(interval).toMatchObject({
      openingMwh: 500_000,
      closingMwh: 537_037,
      consumedMwh: 37_037,
      productionMwh: 110_004,
      allocatedMwh: 26_621,
      residualMwh: 10_416,
    });
    // 0.026621 kWh x 12.5 ct = 0.33 ct: rounds to nothing; 30 ct would have been 0.8, rounds to 1.
    expect(share?.day.totals).toMatchObject({ costMinor: 0, gridCostMinor: 1, intervals: 1, intervalsComplete: 1 });
    expect(share).toMatchObject({ shares: 4, sharesTotal: 10 });
  });

  it('is traced from a settled statement to the frozen intervals', async () => {
    await using db = await metered();
    await settled(db);
    const intervals = await settledIntervals(db, { member: anna, day: '2026-10-25' });
    expect(intervals).toHaveLength(100);
    expect(intervals?.[0]?.consumedMwh).toBe((intervals?.[0]?.closingMwh ?? 0) - (intervals?.[0]?.openingMwh ?? 0));
    expect(await settledIntervals(db, { member: anna, day: '2026-11-01' })).toBeNull();
  });
});
