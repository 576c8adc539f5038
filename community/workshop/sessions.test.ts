/** Sessions from the log: a worked example to the cent, whatever order and however late the packs come. */
import type { Activity, EventRecord, Pack, Sample } from '@commonworks/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Db } from '../database.ts';
import { badgeOf, COMMUNITY, EDGE, LASER, MILL, openTestDatabase, PEOPLE } from '../http/test-community.ts';
import type { Notice } from '../metering/log-listener.ts';
import { memberSessions } from './session-views.ts';
import { closeSessions } from './sessions.ts';
import { createWorkshopListener } from './workshop-listener.ts';

const MIN = 60_000;
const T0 = Date.UTC(2026, 4, 4, 8, 0);
const context = { community: COMMUNITY, zone: 'Europe/Vienna', currency: 'EUR' };
const listener = createWorkshopListener(context, () => T0);
const BOOT = '00000000-0000-7000-8000-00000000000a';
let db: Db;
let seq = 0;

beforeEach(async () => {
  db = await openTestDatabase();
  seq = 0;
});
afterEach(() => db.destroy());

const at = (minute: number) => T0 + minute * MIN;
const sample = (minute: number, device: string, point: Sample['point'], value: number | string): Sample => ({
  ...{ device, point, value, timeMs: at(minute), quality: 'good' },
});
const power = (minute: number, watts: number) => sample(minute, 'laser-1', 'activePowerW', watts);
const badge = (minute: number, who: 'anna' | 'ben' | string, reader = 'badge-1'): EventRecord => ({
  ...{ device: 'badge-1', type: 'badge', timeMs: at(minute) },
  body: { badge: who === 'anna' || who === 'ben' ? badgeOf(who) : who.padEnd(64, '0'), reader },
});
const mill = (minute: number, activity: Activity): EventRecord => ({
  ...{ device: 'cnc-1', type: 'machine', timeMs: at(minute), body: { activity, raw: '<Idle>', source: 'grbl' } },
});

async function hear(samples: Sample[], events: EventRecord[] = [], boot = BOOT): Promise<Notice[]> {
  seq++;
  const pack: Pack = { edge: EDGE, epoch: BOOT, seq, boot, samples, events };
  const entry = { cursor: seq, edge: EDGE, epoch: BOOT, seq, receivedMs: 0, hash: '', body: '' };
  const notices: Notice[] = [];
  await db.transaction().execute((tx) => listener(tx, { entry, pack }, (notice) => notices.push(notice)));
  return notices;
}
const sessionsOf = (who: 'anna' | 'ben') => memberSessions(db, PEOPLE[who], { beforeMs: at(10_000), limit: 10 });
const refusals = () => db.selectFrom('badge_refusal').select('code').execute();

/** Anna books the laser: at a reader of two machines that says which one she means. */
async function book(who: 'anna' | 'ben', machine = LASER, from = 0, to = 240): Promise<void> {
  const row = { community: COMMUNITY, machine, member: PEOPLE[who], status: 'booked' as const, created_ms: 0 };
  await db
    .insertInto('booking')
    .values({ ...row, id: `${who}-${machine}-${from}`, from_ms: at(from), to_ms: at(to) })
    .execute();
}

describe('a session on the laser', () => {
  /** On from 8:10 to 8:35 and from 8:40 to 8:50: 35 minutes of running at 12 EUR an hour are 7 EUR. */
  async function cut(): Promise<void> {
    await book('anna');
    await hear([power(0, 5), sample(0, 'laser-1', 'importedWh', 1000)]);
    await hear([power(5, 120), sample(5, 'laser-1', 'importedWh', 1001.5)], [badge(5, 'anna')]);
    await hear([power(10, 900)]);
    await hear([power(20, 300)]);
    await hear([power(35, 100)]);
    await hear([power(40, 800)]);
    await hear([power(50, 100), sample(50, 'laser-1', 'importedWh', 1411.5)]);
  }

  it('is not begun a second time by badges that come again under other keys', async () => {
    await cut();
    await hear([power(55, 60)], [badge(55, 'anna')]);
    const before = await sessionsOf('anna');
    await hear([], [badge(5, 'anna')]);
    await hear([], [badge(55, 'anna')]);
    expect(await sessionsOf('anna')).toEqual(before);
    expect(before).toHaveLength(1);
  });

  it('is charged by its running seconds, with the evidence of each span', async () => {
    await cut();
    await hear([power(55, 60), sample(55, 'laser-1', 'importedWh', 1412.5)], [badge(55, 'anna')]);
    const [session] = await sessionsOf('anna');
    expect(session).toMatchObject({
      startMs: at(5),
      endMs: at(55),
      runningS: 35 * 60,
      idleS: 15 * 60,
      unknownS: 0,
      energyMwh: 411_000,
      chargeMinor: 700,
    });
    expect(session?.spans.map((span) => [span.activity, (span.toMs - span.fromMs) / MIN])).toEqual([
      ['idle', 5],
      ['running', 25],
      ['idle', 5],
      ['running', 10],
      ['idle', 5],
    ]);
    expect(session?.spans[1]?.source).toBe(`${EDGE}/${BOOT}/3`);
    const postings = await db
      .selectFrom('ledger_posting')
      .select(['account', 'unit', 'amount'])
      .orderBy('line')
      .execute();
    expect(postings).toEqual([
      { account: `member/${PEOPLE.anna}`, unit: 'EUR', amount: 700 },
      { account: 'community/workshop-income', unit: 'EUR', amount: -700 },
    ]);
    expect(session?.transaction).toMatch(/^[0-9a-f]{32}$/);
  });

  it('waits with the charge until the machine was heard to the end', async () => {
    await cut();
    await hear([], [badge(55, 'anna')]);
    expect((await sessionsOf('anna'))[0]).toMatchObject({ endMs: at(55), chargeMinor: null, transaction: null });
    const notices = await hear([power(56, 60)]);
    expect(notices).toContainEqual({ kind: 'machine', body: { machine: LASER, did: 'closed', atMs: at(56) } });
    expect((await sessionsOf('anna'))[0]).toMatchObject({ chargeMinor: 700 });
  });

  it('is closed with what is known when the machine stays silent for a day', async () => {
    await cut();
    await hear([], [badge(80, 'anna')]);
    const close = (nowMs: number) =>
      db.transaction().execute((tx) => closeSessions(tx, { machine: LASER, nowMs }, context));
    expect(await close(at(80 + 60))).toEqual([]);
    expect(await close(at(80 + 24 * 60))).toHaveLength(1);
    expect(await close(at(80 + 25 * 60))).toEqual([]);
    expect((await sessionsOf('anna'))[0]).toMatchObject({ runningS: 2100, unknownS: 30 * 60, chargeMinor: 700 });
  });

  it('does not bill a silence, nor the time while the watcher was restarted', async () => {
    await book('anna');
    await hear([power(0, 900)], [badge(0, 'anna')]);
    await hear([power(5, 900)]);
    await hear([power(30, 900)]);
    await hear([power(40, 900)], [], BOOT.replace('a', 'b'));
    await hear([power(45, 60)], [badge(45, 'anna')], BOOT.replace('a', 'b'));
    expect((await sessionsOf('anna'))[0]).toMatchObject({ runningS: 10 * 60, unknownS: 35 * 60, chargeMinor: 200 });
  });

  it('is not changed by records that come too late', async () => {
    await cut();
    await hear([power(55, 60)], [badge(55, 'anna')]);
    await hear([power(12, 0), power(52, 900)]);
    expect((await sessionsOf('anna'))[0]).toMatchObject({ runningS: 2100, chargeMinor: 700 });
    expect(await db.selectFrom('ledger_entry').selectAll().execute()).toHaveLength(1);
  });

  it('costs nothing when the machine did not run, and posts nothing', async () => {
    await book('anna');
    await hear([power(0, 60)], [badge(0, 'anna')]);
    await hear([power(10, 60)], [badge(10, 'anna')]);
    expect((await sessionsOf('anna'))[0]).toMatchObject({ runningS: 0, chargeMinor: 0, transaction: null });
    expect(await db.selectFrom('ledger_entry').selectAll().execute()).toEqual([]);
  });
});

describe('a session on the mill', () => {
  it("follows the controller's words, and what it cannot reach is unknown", async () => {
    await book('ben', MILL);
    await hear([sample(0, 'cnc-1', 'activity', 'idle')], [badge(0, 'ben')]);
    await hear([], [mill(2, 'running')]);
    await hear([], [mill(12, 'hold')]);
    await hear([], [mill(13, 'running')]);
    await hear(
      [],
      [{ device: 'cnc-1', type: 'device', timeMs: at(20), body: { state: 'unreachable', code: 'x', reason: 'cable' } }],
    );
    await hear([sample(25, 'cnc-1', 'activity', 'idle')], [badge(25, 'ben')]);
    // 17 min at 900.5 cents an hour are 255.14 cents.
    expect((await sessionsOf('ben'))[0]).toMatchObject({
      runningS: 17 * 60,
      idleS: 180,
      unknownS: 300,
      chargeMinor: 255,
    });
  });
});

describe('a machine that tells changes only', () => {
  const elsewhere = (minute: number) => [sample(minute, 'cnc-1-meter', 'voltageV', 230)];
  it('goes on as it was while its edge is heard, and is unknown when that falls silent', async () => {
    await book('ben', MILL);
    await hear([sample(0, 'cnc-1', 'activity', 'running')], [badge(0, 'ben')]);
    for (const minute of [15, 30, 45]) await hear(elsewhere(minute));
    await hear(elsewhere(75));
    await hear(elsewhere(80), [badge(80, 'ben')]);
    expect((await sessionsOf('ben'))[0]).toMatchObject({ runningS: 50 * 60, unknownS: 30 * 60 });
  });

  it('is not taken as running on by another life of its edge until it says so', async () => {
    await book('ben', MILL);
    const other = BOOT.replace('a', 'b');
    await hear([sample(0, 'cnc-1', 'activity', 'running')], [badge(0, 'ben')]);
    await hear(elsewhere(10), [], other);
    await hear([sample(12, 'cnc-1', 'activity', 'running')], [], other);
    await hear(elsewhere(20), [badge(20, 'ben')], other);
    expect((await sessionsOf('ben'))[0]).toMatchObject({ runningS: 8 * 60, unknownS: 12 * 60 });
  });
});

describe('a badge at a reader', () => {
  it('of somebody unknown, or revoked, starts nothing and is written down', async () => {
    await book('anna');
    await db
      .updateTable('badge')
      .set({ revoked_ms: at(5) })
      .where('member', '=', PEOPLE.ben)
      .execute();
    await hear([], [badge(1, 'abc', 'laser-1'), badge(6, 'ben', 'laser-1')]);
    expect(await refusals()).toEqual([{ code: 'workshop.not-a-member' }, { code: 'workshop.not-a-member' }]);
  });

  it('counts for nobody before it was given, even when that is heard of later', async () => {
    await book('anna');
    const since = { registered_ms: at(10), last_shown_ms: null };
    await db.updateTable('badge').set(since).where('member', '=', PEOPLE.anna).execute();
    await hear([], [badge(5, 'anna')]);
    expect(await refusals()).toEqual([{ code: 'workshop.not-a-member' }]);
    await hear([], [badge(10, 'anna')]);
    expect(await sessionsOf('anna')).toMatchObject([{ startMs: at(10) }]);
    const shown = await db.selectFrom('badge').select('last_shown_ms').where('member', '=', PEOPLE.anna).execute();
    expect(shown).toEqual([{ last_shown_ms: at(10) }]);
  });

  it('of somebody who has left opens nothing, even when it was shown before and is heard of later', async () => {
    await db
      .updateTable('member')
      .set({ left_ms: at(60) })
      .where('id', '=', PEOPLE.ben)
      .execute();
    await db
      .updateTable('badge')
      .set({ revoked_ms: at(60) })
      .where('member', '=', PEOPLE.ben)
      .execute();
    await hear([], [badge(10, 'ben', 'laser-1')]);
    expect(await refusals()).toEqual([{ code: 'workshop.not-a-member' }]);
    expect(await sessionsOf('ben')).toEqual([]);
  });

  it('that serves two free machines needs a booking, or says which one', async () => {
    await hear([], [badge(0, 'anna')]);
    expect(await refusals()).toEqual([{ code: 'workshop.reader-ambiguous' }]);
    await hear([], [badge(1, 'anna', 'laser-1')]);
    expect(await sessionsOf('anna')).toMatchObject([{ machine: LASER }]);
    await hear([], [badge(2, 'ben')]);
    expect(await sessionsOf('ben')).toMatchObject([{ machine: MILL }]);
  });

  it('of a stranger does not end a session', async () => {
    await book('anna');
    await hear([power(0, 60)], [badge(0, 'anna')]);
    await hear([], [badge(1, 'ben', 'laser-1')]);
    expect(await refusals()).toEqual([{ code: 'workshop.machine-in-session' }]);
    expect((await sessionsOf('anna'))[0]?.endMs).toBeNull();
  });

  it('read twice is one badge-in', async () => {
    await book('anna');
    await hear([], [badge(0, 'anna'), badge(0.05, 'anna')]);
    expect((await sessionsOf('anna'))[0]?.endMs).toBeNull();
    await hear([], [badge(0.2, 'anna')]);
    expect((await sessionsOf('anna'))[0]?.endMs).toBe(at(0.2));
  });

  it("in somebody else's booking starts nothing, early on a free machine it does", async () => {
    await book('ben', LASER, 10, 60);
    await hear([], [badge(11, 'anna', 'laser-1')]);
    expect(await refusals()).toEqual([{ code: 'workshop.machine-booked' }]);
    await book('anna', MILL, 30, 60);
    await hear([], [badge(20, 'anna')]);
    expect(await sessionsOf('anna')).toMatchObject([{ machine: MILL, startMs: at(20) }]);
  });
});
