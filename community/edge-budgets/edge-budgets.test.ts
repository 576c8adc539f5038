/** One edge floods the community with valid events; what it brings is bounded and told, and an honest edge beside has all of its own. */
import { encodePack, type LogEntry } from '@commonworks/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Db } from '../database.ts';
import { badgeOf, COMMUNITY, EDGE, NOW, openTestDatabase } from '../http/test-community.ts';
import { createReachListener } from '../live/reach-listener.ts';
import { createReachWords } from '../live/reach-words.ts';
import { processPage } from '../metering/process-page.ts';
import { createWorkshopListener } from '../workshop/workshop-listener.ts';
import { takeAllowance } from './allowance.ts';
import { type AllowanceName, COMMUNITY_BUDGETS } from './community-budgets.ts';
import { edgesOver } from './over-budget.ts';

const GOOD = '00000000-0000-7000-8000-0000000000aa';
const DAY = 86_400_000;
let db: Db;
let cursor = 0;
beforeEach(async () => {
  db = await openTestDatabase();
  cursor = 0;
});
afterEach(() => db.destroy());

type Told = { readonly device: string; readonly type: string; readonly body: object; readonly timeMs?: number };
type Measured = { readonly device: string; readonly value: number };

function entry(edge: string, events: readonly Told[], samples: readonly Measured[] = []): LogEntry {
  const [epoch, seq] = [GOOD, ++cursor];
  const told = events.map(({ device, type, body, timeMs = NOW }) => ({ device, type, timeMs, body: { ...body } }));
  const measured = samples.map(({ device, value }) => ({
    ...{ device, point: 'importedWh' as const, timeMs: NOW, value, quality: 'good' as const },
  }));
  const body = encodePack({ edge, epoch, seq, boot: epoch, samples: measured, events: told });
  return { cursor: seq, edge, epoch, seq, receivedMs: NOW, hash: '', body };
}

async function take(...entries: LogEntry[]) {
  const workshop = { community: COMMUNITY, zone: 'Europe/Vienna', currency: 'EUR' };
  const listeners = [createWorkshopListener(workshop, () => NOW), createReachListener()];
  return await processPage(db, { entries, next: cursor }, listeners);
}

/** As if the edge had used up its allowance before. */
async function leave(edge: string, budget: AllowanceName, left: number): Promise<void> {
  await db.insertInto('edge_allowance').values({ edge, budget, left, at_ms: NOW }).execute();
}

const over = async () =>
  (await db.selectFrom('edge_over').select(['edge', 'budget', 'count']).execute()).map((row) => row);

it('an allowance refills with the time of the hub, up to its burst, and is one edge alone', async () => {
  await leave(EDGE, 'sessions', 2);
  const ask = (edge: string, atMs: number, count: number) =>
    takeAllowance(db, { edge, budget: 'sessions', atMs }, count);
  expect([await ask(EDGE, NOW, 5), await ask(EDGE, NOW - 9 * DAY, 1), await ask(GOOD, NOW, 5)]).toEqual([2, 0, 5]);
  expect(await ask(EDGE, NOW + DAY / 2, 1000)).toBe(250);
  expect(await ask(EDGE, NOW + 1000 * DAY, 100_000)).toBe(10_000);
  expect(await edgesOver(db, NOW + 1000 * DAY)).toMatchObject([{ edgeName: 'workshop' }]);
});

it('devices told of without end are forgotten of their own edge only', async () => {
  const reach = { type: 'device', body: { state: 'unreachable', code: '', reason: 'silent' } };
  await take(entry(GOOD, [{ device: 'pv-1', ...reach }]));
  const { devicesPerEdge } = COMMUNITY_BUDGETS;
  const row = { edge: EDGE, state: 'online', reason: '', at_ms: NOW - 5 } as const;
  await db.transaction().execute(async (tx) => {
    for (let n = 0; n < devicesPerEdge; n++) {
      await tx
        .insertInto('device_reach')
        .values({ ...row, device: `d-${n}` })
        .execute();
    }
  });
  await take(
    entry(
      EDGE,
      [1, 2, 3].map((n) => ({ device: `new-${n}`, ...reach })),
    ),
  );
  const rows = await db.selectFrom('device_reach').select(['edge', 'device']).execute();
  expect([rows.length, rows.filter(({ edge }) => edge === GOOD).length]).toEqual([devicesPerEdge + 1, 1]);
  expect(rows.some(({ device }) => device === 'new-3')).toBe(true);
  expect(await over()).toEqual([{ edge: EDGE, budget: 'devices', count: 3 }]);
  const words = createReachWords(2);
  for (const device of ['a', 'b', 'c']) words.set(EDGE, device, { state: 'online', reason: '' });
  words.set(GOOD, 'a', { state: 'online', reason: '' });
  expect([words.of(EDGE, 'a'), words.of(EDGE, 'c')?.state, words.of(GOOD, 'a')?.state]).toEqual([
    ...[undefined, 'online', 'online'],
  ]);
});

it('registers beyond what one edge may have stand in the log only; known ones, and those of another, go on', async () => {
  const { seriesPerEdge } = COMMUNITY_BUDGETS;
  await db.transaction().execute(async (tx) => {
    for (let n = 0; n < seriesPerEdge; n++) {
      const row = { edge: EDGE, device: `d-${n}`, point: 'importedWh', newest_ms: 0 };
      await tx.insertInto('series').values(row).execute();
    }
  });
  const readings = ['d-0', 'new'].map((device) => ({ device, value: 1 }));
  await take(entry(EDGE, [], readings), entry(GOOD, [], readings));
  const rows = await db
    .selectFrom('series')
    .select(['edge', 'device'])
    .where('newest_ms', '>', 0)
    .orderBy('no')
    .execute();
  expect(rows.map(({ edge, device }) => [edge === GOOD, device])).toEqual([
    [false, 'd-0'],
    [true, 'd-0'],
    [true, 'new'],
  ]);
  expect(await over()).toEqual([{ edge: EDGE, budget: 'series', count: 1 }]);
});

it('serial numbers and judged steps beyond the allowance are passed over, those of another kept', async () => {
  await leave(EDGE, 'identities', 1);
  await leave(EDGE, 'steps', 2);
  const flood = Array.from({ length: 6 }, (_, n): Told[] => [
    {
      device: 'm',
      type: 'identity',
      timeMs: NOW + n,
      body: { manufacturer: '', model: '', serial: `s${n}`, firmware: '' },
    },
    {
      ...{ device: 'm', type: 'counter', timeMs: NOW + n },
      body: { point: 'importedWh', kind: 'reset', beforeMwh: 5, afterMwh: 0, creditedMwh: 0 },
    },
  ]).flat();
  await take(entry(EDGE, flood), entry(GOOD, flood));
  const steps = await db.selectFrom('counter_step').innerJoin('series', 'no', 'series_no').select('edge').execute();
  const serials = await db.selectFrom('device_identity').select('edge').execute();
  for (const [rows, mine] of [
    [steps, 2],
    [serials, 1],
  ] as const) {
    expect([rows.filter(({ edge }) => edge === EDGE).length, rows.filter(({ edge }) => edge === GOOD).length]).toEqual([
      ...[mine, 6],
    ]);
  }
  expect((await over()).sort((a, b) => a.count - b.count)).toEqual([
    { edge: EDGE, budget: 'steps', count: 4 },
    { edge: EDGE, budget: 'identities', count: 5 },
  ]);
});

it('a device that tells another serial number without end keeps the newest', async () => {
  const tell = (n: number): Told => ({
    ...{ device: 'm', type: 'identity', timeMs: NOW - 1000 + n },
    body: { manufacturer: '', model: '', serial: `s${n}`, firmware: '' },
  });
  await take(
    entry(
      EDGE,
      Array.from({ length: COMMUNITY_BUDGETS.identitiesPerDevice + 7 }, (_, n) => tell(n)),
    ),
  );
  const rows = await db.selectFrom('device_identity').select('serial').orderBy('time_ms').execute();
  expect([rows.length, rows[0]?.serial]).toEqual([COMMUNITY_BUDGETS.identitiesPerDevice, 's7']);
});

it('a reader that repeats a badge begins no more sessions, and who is in one can end it', async () => {
  await leave(EDGE, 'sessions', 1);
  const show = (timeMs: number): Told => ({
    ...{ device: 'laser-1', type: 'badge', timeMs },
    body: { badge: badgeOf('anna'), reader: 'laser-1' },
  });
  for (let n = 0; n < 6; n++) {
    await take(entry(EDGE, [{ ...show(NOW - 60_000 + n * 6000), device: 'laser-1' }]));
  }
  const sessions = await db.selectFrom('session').select(['start_ms', 'end_ms']).execute();
  expect(sessions.every(({ end_ms }) => end_ms !== null)).toBe(true);
  expect(sessions.length).toBeLessThanOrEqual(1);
  const codes = await db.selectFrom('badge_refusal').select('code').distinct().execute();
  expect(codes).toEqual([{ code: 'workshop.reader-over-budget' }]);
});

it('a machine that flickers counts as unknown and makes no more rows', async () => {
  await leave(EDGE, 'activities', 3);
  const machine = await db.selectFrom('machine').select('activity_device').limit(1).executeTakeFirstOrThrow();
  const flicker = Array.from(
    { length: 60 },
    (_, n): Told => ({
      ...{ device: machine.activity_device ?? '', type: 'machine', timeMs: NOW - 60_000 + n * 1000 },
      body: { activity: n % 2 === 0 ? 'running' : 'idle', raw: '', source: '' },
    }),
  );
  await take(entry(EDGE, flicker));
  const spans = await db.selectFrom('machine_activity').select('activity').orderBy('from_ms').execute();
  expect(spans.length).toBeLessThan(8);
  expect(await over()).toMatchObject([{ edge: EDGE, budget: 'activities' }]);
});
