/** The register: a seed goes in once, holdings follow dated transfers, meters change without losing history. */
import { parseSeed, type Seed } from '@commonworks/core/seed.ts';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../database.ts';
import { applySeed } from './apply-seed.ts';
import { holdingsAt, transferShares } from './holdings.ts';
import { findMember, listMembers } from './members.ts';
import { assignDevice, listPoints } from './points.ts';
import { listTariffs, tariffAt } from './tariffs.ts';

const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const community = id(1);
const [anna, ben, roof, home] = [id(2), id(3), id(4), id(5)] as const;

const SEED: Seed = {
  members: [
    { id: anna, name: 'Anna', email: 'Anna@demo', roles: ['member'], joinedMs: 0 },
    { id: ben, name: 'Ben', email: null, roles: ['member'], joinedMs: 0 },
  ],
  transfers: [
    { from: 'community', to: anna, shares: 30, atMs: 200, reason: 'bought' },
    { from: 'issue', to: 'community', shares: 100, atMs: 100, reason: 'founding' },
  ],
  edges: [{ id: roof, name: 'roof', secretHash: 'scrypt$x' }],
  meteringPoints: [
    {
      id: home,
      name: 'Home 1',
      role: 'consumer',
      member: anna,
      ratedPowerW: 24_000,
      assignments: [{ edge: roof, device: 'home-1', fromMs: 0, toMs: null }],
    },
  ],
  tariffs: [
    { id: id(6), fromMs: 0, method: 'pro-rata', internalPrice: '12', gridPrice: '30', feedInPrice: '6' },
    { id: id(7), fromMs: 500, method: 'fixed', internalPrice: '13.5', gridPrice: '30', feedInPrice: '6' },
  ],
  machines: [],
  badges: [{ badge: 'a'.repeat(64), member: ben }],
  bookings: [],
};

async function seeded() {
  const db = await openDatabase(':memory:');
  expect(await applySeed(db, parseSeed(SEED), { community })).toBe(true);
  return db;
}

describe('applySeed', () => {
  it('fills an empty register once', async () => {
    await using db = await seeded();
    expect(await applySeed(db, SEED, { community })).toBe(false);
    expect((await listMembers(db, 1000)).map((member) => [member.name, member.shares, member.badges])).toEqual([
      ['Anna', 30, 0],
      ['Ben', 0, 1],
    ]);
    expect(await findMember(db, anna, 1000)).toMatchObject({ email: 'anna@demo', meteringPoints: [home] });
  });

  it('leaves nothing behind when the seed contradicts itself', async () => {
    await using db = await openDatabase(':memory:');
    const tooMany = { from: 'community' as const, to: ben, shares: 71, atMs: 300, reason: 'more than is left' };
    const wrong = { ...SEED, transfers: [...SEED.transfers, tooMany] };
    await expect(applySeed(db, wrong, { community })).rejects.toMatchObject({ code: 'community.seed-invalid' });
    await expect(
      applySeed(db, { ...SEED, badges: [{ badge: 'b'.repeat(64), member: id(99) }] }, { community }),
    ).rejects.toMatchObject({ code: 'community.seed-invalid' });
    expect(await listMembers(db, 0)).toEqual([]);
  });

  it('names every fault of a seed that does not match', () => {
    expect(() => parseSeed({ ...SEED, tariffs: [] })).toThrow('/tariffs');
  });
});

describe('holdings', () => {
  it('are the sum of transfers up to an instant', async () => {
    await using db = await seeded();
    expect(await holdingsAt(db, 150)).toEqual(new Map([['community', 100]]));
    expect(await holdingsAt(db, 200)).toEqual(
      new Map([
        ['community', 70],
        [anna, 30],
      ]),
    );
  });

  it('refuse what is not held, also by a transfer dated before another', async () => {
    await using db = await seeded();
    const move = { community, reason: 'gift', from: anna, to: ben };
    expect(await transferShares(db, { ...move, shares: 31, atMs: 300 })).toMatchObject({ ok: false });
    expect(await transferShares(db, { ...move, shares: 1, atMs: 199 })).toMatchObject({ ok: false });
    expect(await transferShares(db, { ...move, shares: 20, atMs: 400 })).toMatchObject({ ok: true });
    expect(await transferShares(db, { ...move, shares: 11, atMs: 300 })).toMatchObject({
      reason: 'community.shares-not-held',
    });
    expect(await transferShares(db, { ...move, shares: 10, atMs: 300 })).toMatchObject({ ok: true });
  });
});

describe('metering points', () => {
  it('change their meter at an instant and keep the history', async () => {
    await using db = await seeded();
    const next = { edge: roof, device: 'home-1b', fromMs: 900, toMs: null, registerModulusWh: 100_000_000 };
    await assignDevice(db, home, next);
    expect((await listPoints(db))[0]?.ratedPowerW).toBe(24_000);
    expect((await listPoints(db))[0]?.assignments).toEqual([
      { edge: roof, device: 'home-1', fromMs: 0, toMs: 900, registerModulusWh: null },
      { edge: roof, device: 'home-1b', fromMs: 900, toMs: null, registerModulusWh: 100_000_000 },
    ]);
    await expect(assignDevice(db, home, { edge: roof, device: 'x', fromMs: 100, toMs: 200 })).rejects.toThrow(
      'overlaps',
    );
  });
});

describe('tariffs', () => {
  it('hold from their date until the next', async () => {
    await using db = await seeded();
    const tariffs = await listTariffs(db);
    expect([tariffAt(tariffs, -1), tariffAt(tariffs, 499)?.method, tariffAt(tariffs, 500)?.method]).toEqual([
      null,
      'pro-rata',
      'fixed',
    ]);
  });
});
