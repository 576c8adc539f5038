/** One edge fills what is kept of waiting packs; what waits of another stays, whole. */
import type { LogEntry, Receipt } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import { type Db, openDatabase } from '../database.ts';
import { COMMUNITY_BUDGETS } from '../edge-budgets/community-budgets.ts';
import { keepBootClock } from './boot-clocks.ts';
import { PendingPacks, type PendingReason } from './pending-packs.ts';

const LIMITS = { wholePerEdge: 10, wholeTotal: 18, refusedPerEdge: 10, refusedTotal: 18 };
const RECEIPT: Receipt = { nowMs: 0, isTrusted: true, boot: '', upMs: 0 };
const [GOOD, BAD, WORSE] = ['good', 'bad', 'worse'] as const;

function filling(db: Db) {
  let cursor = 0;
  return async (edge: string, count: number, reason: 'boot' | 'refused') => {
    const pending = new PendingPacks(db, LIMITS);
    for (let n = 0; n < count; n++) {
      const at = { epoch: 'e', seq: 1, receivedMs: 0, hash: '', body: '[]' };
      const entry = { cursor: ++cursor, edge, ...at } as unknown as LogEntry;
      await pending.keep({ entry, receipt: RECEIPT }, { boot: `${edge}/b`, reason });
    }
  };
}

async function kept(db: Db, edge: string, reason: PendingReason): Promise<{ packs: number; whole: number }> {
  const rows = await db
    .selectFrom('pending_pack')
    .select('entry')
    .where('edge', '=', edge)
    .where('reason', '=', reason)
    .execute();
  return { packs: rows.length, whole: rows.filter(({ entry }) => entry !== '').length };
}

describe('packs that wait', () => {
  it('of one edge are kept whole up to a number, beyond it by their cursors', async () => {
    await using db = await openDatabase(':memory:');
    const fill = filling(db);
    await fill(GOOD, 3, 'boot');
    await fill(BAD, 40, 'boot');
    await fill(GOOD, 2, 'boot');
    expect(await kept(db, BAD, 'boot')).toEqual({ packs: 40, whole: 10 });
    expect(await kept(db, GOOD, 'boot')).toEqual({ packs: 5, whole: 5 });
  });

  it('of all together take their room from the edge that holds most', async () => {
    await using db = await openDatabase(':memory:');
    const fill = filling(db);
    await fill(BAD, 40, 'boot');
    await fill(WORSE, 40, 'boot');
    await fill(GOOD, 5, 'boot');
    expect(await kept(db, GOOD, 'boot')).toEqual({ packs: 5, whole: 5 });
    const others = (await kept(db, BAD, 'boot')).whole + (await kept(db, WORSE, 'boot')).whole;
    expect(others).toBeLessThanOrEqual(13);
    expect((await kept(db, BAD, 'boot')).packs + (await kept(db, WORSE, 'boot')).packs).toBe(80);
  });
});

describe('packs that were refused', () => {
  it('push out the oldest of their own edge only', async () => {
    await using db = await openDatabase(':memory:');
    const fill = filling(db);
    await fill(GOOD, 3, 'refused');
    await fill(BAD, 40, 'refused');
    expect([await kept(db, GOOD, 'refused'), await kept(db, BAD, 'refused')]).toEqual([
      { packs: 3, whole: 3 },
      { packs: 10, whole: 10 },
    ]);
    await fill(WORSE, 40, 'refused');
    await fill(GOOD, 2, 'refused');
    expect((await kept(db, GOOD, 'refused')).packs).toBe(5);
    const all = await db.selectFrom('pending_pack').select('cursor').execute();
    expect(all.length).toBeLessThanOrEqual(LIMITS.refusedTotal);
  });
});

it('clocks of boots: of an edge that is started without end the oldest are forgotten, of another none', async () => {
  await using db = await openDatabase(':memory:');
  await keepBootClock(db, { edge: GOOD, boot: 'b', offsetMs: 1 }, 0);
  await db.transaction().execute(async (tx) => {
    for (let n = 0; n < COMMUNITY_BUDGETS.bootsPerEdge + 5; n++) {
      await keepBootClock(tx, { edge: BAD, boot: `b${n}`, offsetMs: n }, 7);
    }
  });
  const rows = await db.selectFrom('boot_clock').select(['edge', 'boot']).orderBy('told').execute();
  expect(rows.filter(({ edge }) => edge === GOOD)).toHaveLength(1);
  expect(rows.filter(({ edge }) => edge === BAD)).toHaveLength(COMMUNITY_BUDGETS.bootsPerEdge);
  expect(rows.some(({ boot }) => boot === 'bad/b4')).toBe(false);
  expect(await db.selectFrom('edge_over').select(['edge', 'budget', 'count']).execute()).toEqual([
    { edge: BAD, budget: 'boots', count: 5 },
  ]);
});
