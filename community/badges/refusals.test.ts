/** Badges nobody has: what is kept of them, for how long, and which count as unknown. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Db } from '../database.ts';
import { edgesOver } from '../edge-budgets/over-budget.ts';
import { badgeOf, EDGE, LASER, MILL, NOW, openTestDatabase, PEOPLE } from '../http/test-community.ts';
import { forgetRefusals, noteRefusal, REFUSAL_LIMITS, unknownBadges } from './refusals.ts';

let db: Db;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db.destroy());

const hash = (n: number) => n.toString(16).padStart(64, '0');
const refusal = (badge: string, atMs: number, reader = 'badge-1') => ({
  ...{ badge, edge: EDGE, reader, at_ms: atMs, code: 'workshop.not-a-member', message: 'unknown badge' },
});
const count = async () =>
  (
    await db
      .selectFrom('badge_refusal')
      .select((set) => set.fn.countAll<number>().as('rows'))
      .executeTakeFirst()
  )?.rows;

describe('refusals', () => {
  it('are kept up to a number for each edge: the oldest of its own goes, and people are told', async () => {
    const { perEdge } = REFUSAL_LIMITS;
    await noteRefusal(db, { ...refusal(hash(9999), NOW - 1), edge: 'honest' });
    await db.transaction().execute(async (tx) => {
      for (let n = 0; n < perEdge + 5; n++) await noteRefusal(tx, refusal(hash(n), NOW + n));
    });
    expect(await count()).toBe(perEdge + 1);
    expect(await edgesOver(db, NOW)).toMatchObject([{ edgeName: 'workshop', sinceMs: NOW + perEdge }]);
    await db.deleteFrom('badge_refusal').where('edge', '=', 'honest').execute();
    const oldest = await db.selectFrom('badge_refusal').select('badge').orderBy('at_ms').limit(1).execute();
    expect(oldest).toEqual([{ badge: hash(5) }]);
  }, 30_000);

  it('of all edges together take their room from the edge that has most', async () => {
    const limits = { perEdge: 10, total: 15 };
    await noteRefusal(db, { ...refusal(hash(9999), NOW), edge: 'honest' });
    for (const edge of ['evil-1', 'evil-2', 'evil-3']) {
      for (let n = 0; n < 20; n++) await noteRefusal(db, { ...refusal(hash(n), NOW), edge }, { limits });
    }
    expect(await count()).toBe(15);
    expect(await unknownBadges(db, hash(9999))).toMatchObject([{ edge: 'honest' }]);
  });

  it('are forgotten when they are old, or from a time that cannot be', async () => {
    const { ageMaxMs, aheadMaxMs } = REFUSAL_LIMITS;
    for (const atMs of [NOW - ageMaxMs - 1, NOW - ageMaxMs, NOW, NOW + aheadMaxMs + 1]) {
      await noteRefusal(db, refusal(hash(1), atMs));
    }
    await forgetRefusals(db, NOW);
    expect(await count()).toBe(2);
  });
});

describe('unknown badges', () => {
  it('are each told once, the one shown last first, with the machines of the reader, at most fifty', async () => {
    for (let n = 1; n <= 60; n++) await noteRefusal(db, refusal(hash(n), NOW + n));
    await noteRefusal(db, refusal(hash(1), NOW + 99, 'laser-1'));
    const list = await unknownBadges(db);
    expect(list).toHaveLength(50);
    expect(list[0]).toEqual({
      ...{ badge: hash(1), edge: EDGE, edgeName: 'workshop', reader: 'laser-1', machines: ['Laser'] },
      ...{ atMs: NOW + 99, formerMember: null },
    });
    expect(list[1]).toMatchObject({ badge: hash(60), machines: ['Laser', 'Mill'] });
    expect(await unknownBadges(db, hash(7))).toMatchObject([{ badge: hash(7), atMs: NOW + 7 }]);
  });

  it('of one edge do not hide those of another', async () => {
    await noteRefusal(db, { ...refusal(hash(9999), NOW), edge: 'honest' });
    for (let n = 1; n <= 60; n++) await noteRefusal(db, refusal(hash(n), NOW + n));
    const list = await unknownBadges(db);
    expect(list).toHaveLength(50);
    expect(list.at(-1)).toMatchObject({ badge: hash(9999), edge: 'honest' });
  });

  it('of a reader of its own name its machine', async () => {
    const setting = { off_below_w: 1, idle_below_w: 2, running_from_w: 3, reader_edge: EDGE, reader_device: 'badge-1' };
    await db
      .insertInto('machine_setting')
      .values({ machine: MILL, ...setting })
      .execute();
    await noteRefusal(db, refusal(hash(1), NOW));
    expect(await unknownBadges(db)).toMatchObject([{ machines: ['Mill'] }]);
    expect(LASER).not.toBe(MILL);
  });

  it('are not those that somebody has; one taken back counts when it is shown after', async () => {
    await noteRefusal(db, refusal(badgeOf('anna'), NOW));
    expect(await unknownBadges(db)).toEqual([]);
    await db
      .updateTable('badge')
      .set({ revoked_ms: NOW + 1 })
      .where('member', '=', PEOPLE.anna)
      .execute();
    expect(await unknownBadges(db)).toEqual([]);
    await noteRefusal(db, refusal(badgeOf('anna'), NOW + 2));
    expect(await unknownBadges(db)).toMatchObject([{ badge: badgeOf('anna'), formerMember: 'anna' }]);
  });
});
