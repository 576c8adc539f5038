/** The last quarter hour of somebody who leaves: measured like any other, wherever in it their meter is read. */
import { encodePack, type LogEntry, type Sample } from '@commonworks/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Db } from '../database.ts';
import { COMMUNITY, EDGE, NOW, openTestDatabase, PEOPLE } from '../http/test-community.ts';
import { energyDay } from '../live/energy-day.ts';
import { processPage } from '../metering/process-page.ts';
import { serveRequests } from '../metering/serve-requests.ts';
import { transferShares } from '../register/holdings.ts';
import { addPoint, assignDevice } from '../register/points.ts';
import { leaveCommunity } from './leave.ts';

const QUARTER = 900_000;
const MINUTE = 60_000;
/** Read every minute, seven seconds after it: never at a boundary. */
const OFFSET = 7_000;
const EPOCH = '00000000-0000-7000-8000-00000000000e';
const context = { community: COMMUNITY, zone: 'Europe/Vienna', currency: 'EUR' };
let db: Db;
beforeEach(async () => {
  db = await openTestDatabase();
  const back = { community: COMMUNITY, from: PEOPLE.anna, to: 'community', shares: 10, atMs: 3, reason: 'given back' };
  await transferShares(db, back);
});
afterEach(() => db.destroy());

/** One watt hour a minute at Anna's meter, from minute to minute after NOW, the last one left out. */
async function measure(fromMinute: number, toMinute: number): Promise<void> {
  const entries: LogEntry[] = [];
  for (let minute = fromMinute; minute < toMinute; minute++) {
    const timeMs = NOW + minute * MINUTE + OFFSET;
    const sample: Sample = { device: 'home-1', point: 'importedWh', timeMs, value: 1000 + minute, quality: 'good' };
    const [seq, no] = [minute + 1, { edge: EDGE, epoch: EPOCH }];
    const body = encodePack({ ...no, seq, boot: EPOCH, samples: [sample], events: [] });
    entries.push({ ...no, cursor: seq, seq, receivedMs: timeMs, hash: '', body });
  }
  await processPage(db, { entries, next: toMinute }, []);
}
async function leave(atMs: number): Promise<void> {
  const left = await db
    .transaction()
    .execute((tx) => leaveCommunity(tx, { member: PEOPLE.anna, atMs, nowMs: atMs }, context));
  expect(left.ok).toBe(true);
  await serveRequests(db);
}
const measured = async () =>
  (
    await db
      .selectFrom('interval')
      .select(['start_ms', 'energy_mwh'])
      .where('point_no', '=', 1)
      .orderBy('start_ms')
      .execute()
  )
    .filter((row) => row.energy_mwh !== null)
    .map((row) => [(row.start_ms - NOW) / QUARTER, row.energy_mwh]);
const totals = async () =>
  (await db.selectFrom('interval_total').selectAll().orderBy('start_ms').execute()).map((row) => [
    (row.start_ms - NOW) / QUARTER,
    `${row.complete} of ${row.expected}`,
  ]);

describe('the last quarter hour of who leaves', () => {
  const LAST = [
    [1, 15_000],
    [2, 15_000],
    [3, 15_000],
  ];

  it('is measured although its closing reading comes after they left', async () => {
    await measure(0, 60);
    await leave(NOW + 4 * QUARTER + 3000);
    await measure(60, 180);
    expect(await measured()).toEqual(LAST);
    expect((await totals()).filter(([, parts]) => parts !== '0 of 0')).toEqual([
      [0, '0 of 1'],
      [1, '1 of 1'],
      [2, '1 of 1'],
      [3, '1 of 1'],
    ]);
  });

  it('stays measured when they leave later in the next one', async () => {
    await measure(0, 71);
    await leave(NOW + 4 * QUARTER + 10 * MINUTE);
    await measure(71, 180);
    expect(await measured()).toEqual(LAST);
  });

  it('is followed at once by the first one of who lives there next', async () => {
    await measure(0, 65);
    const atMs = NOW + 4 * QUARTER + 5 * MINUTE;
    await leave(atMs);
    await addPoint(db, { community: COMMUNITY, id: 'next', name: 'Next', role: 'consumer', member: PEOPLE.ben });
    await assignDevice(db, 'next', { edge: EDGE, device: 'home-1', fromMs: NOW + 4 * QUARTER, toMs: null });
    await serveRequests(db);
    await measure(65, 120);
    const [next] = await db
      .selectFrom('interval')
      .selectAll()
      .where('point_no', '=', 2)
      .where('energy_mwh', 'is not', null)
      .execute();
    // The new point's first reading is at :07, so that its first whole quarter hour is the next one.
    expect(next).toMatchObject({ start_ms: NOW + 5 * QUARTER, energy_mwh: 15_000 });
    const { intervals } = await energyDay(db, { day: '2026-05-04', zone: context.zone, nowMs: NOW + 7 * QUARTER });
    const homes = intervals.filter(({ startMs }) => startMs >= NOW + QUARTER).map(({ homesMwh }) => homesMwh);
    expect(homes).toEqual([15_000, 15_000, 15_000, null, 15_000, 15_000]);
  });
});
