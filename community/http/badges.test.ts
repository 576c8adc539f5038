/** From an unknown badge at a reader to a session of the member who was given it. */
import type { Pack } from '@commonworks/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Notice } from '../metering/log-listener.ts';
import { bringNotices } from '../notices.ts';
import { createWorkshopListener } from '../workshop/workshop-listener.ts';
import {
  badgeOf,
  COMMUNITY,
  EDGE,
  LASER,
  MILL,
  NOW,
  PEOPLE,
  type Person,
  startTestCommunity,
  type TestCommunity,
} from './test-community.ts';

const BOOT = '00000000-0000-7000-8000-00000000000a';
const CARD = 'c0'.repeat(32);
let community: TestCommunity;
const listener = createWorkshopListener(
  { community: COMMUNITY, zone: 'Europe/Vienna', currency: 'EUR' },
  () => community.time.nowMs,
);
const cookies = new Map<Person, string>();
beforeAll(async () => {
  community = await startTestCommunity();
  for (const name of ['anna', 'olga', 'ada'] as const) cookies.set(name, await community.cookieOf(name));
});
afterAll(() => community.close());

async function call(who: Person, method: 'GET' | 'POST', url: string, payload?: object) {
  const headers = { cookie: cookies.get(who) ?? '' };
  return await community.inject({ method, url: `/api/v1${url}`, headers, ...(payload && { payload }) });
}

let seq = 0;
/** As the log brings it; returns what the pages were told to look at. */
async function show(badge: string, timeMs: number, reader = 'laser-1', edge = EDGE): Promise<Notice[]> {
  seq++;
  const events = [{ device: 'badge-1', type: 'badge' as const, timeMs, body: { badge, reader } }];
  const pack: Pack = { edge, epoch: BOOT, seq, boot: BOOT, samples: [], events };
  const entry = { cursor: seq, edge, epoch: BOOT, seq, receivedMs: 0, hash: '', body: '' };
  const notices: Notice[] = [];
  await community.db.transaction().execute((tx) => listener(tx, { entry, pack }, (one) => notices.push(one)));
  return notices;
}

describe('a new badge', () => {
  it('is shown at a reader, given to a member, and opens a session', async () => {
    const notices = await show(CARD, NOW - 12_000);
    expect(notices).toContainEqual({ kind: 'badge', body: { badge: CARD, edge: EDGE } });
    const unknown = await call('ada', 'GET', '/badges/unknown');
    expect(unknown.json()).toMatchObject([{ badge: CARD, machines: ['Laser'], atMs: NOW - 12_000 }]);
    const given = await call('ada', 'POST', '/badges', { badge: CARD, member: PEOPLE.olga });
    expect([given.statusCode, given.json()]).toEqual([
      201,
      { badge: CARD, member: PEOPLE.olga, registeredMs: NOW, lastShownMs: null, revokedMs: null },
    ]);
    expect((await call('ada', 'GET', '/badges/unknown')).json()).toEqual([]);
    expect((await call('ada', 'GET', '/badges')).json()).toHaveLength(3);
    await show(CARD, NOW + 1000);
    const session = await community.db.selectFrom('session').selectAll().where('machine', '=', LASER).execute();
    expect(session).toMatchObject([{ member: PEOPLE.olga, started_by: 'badge', start_ms: NOW + 1000 }]);
    await show(CARD, NOW + 60_000);
  });

  it('may be shown at a reader where no machine stands', async () => {
    const desk = (await call('ada', 'POST', '/edges', { name: 'desk' })).json().edge.id;
    await show('d0'.repeat(32), NOW, 'badge-9', desk);
    expect((await call('olga', 'GET', '/badges/unknown')).json()).toMatchObject([{ edgeName: 'desk', machines: [] }]);
  });

  it('is told live to those who look after the workshop', async () => {
    const told: string[] = [];
    const write = (text: string) => !text.startsWith('event: badge') || told.push(text) > 0;
    const sink = { write, onDrain: () => {}, close: () => {} };
    const { live, db } = community;
    const removes = (['operator', 'member'] as const).map((role) =>
      live.hub.add({ member: null, roles: [role] }, sink, []),
    );
    const notices = await show('e0'.repeat(32), NOW);
    await bringNotices(notices, { db, live, now: () => NOW });
    live.hub.flush();
    await expect.poll(() => told).toHaveLength(1);
    expect(told[0]).toMatch(/^event: badge\ndata: .*"badge":"e0e0/);
    for (const remove of removes) remove?.();
  });

  it('is refused for a stranger, for one who has left, and while another member has it', async () => {
    const give = (member: string, badge = badgeOf('anna')) => call('ada', 'POST', '/badges', { badge, member });
    expect((await give('nobody')).json()).toMatchObject({ code: 'http.not-found' });
    expect((await give(PEOPLE.ben)).json()).toMatchObject({ status: 409, code: 'workshop.badge-held' });
    expect((await give(PEOPLE.anna)).statusCode).toBe(201);
    await community.db.updateTable('member').set({ left_ms: NOW }).where('id', '=', PEOPLE.theo).execute();
    expect((await give(PEOPLE.theo, 'ff'.repeat(32))).json()).toMatchObject({ code: 'community.member-has-left' });
  });
});

describe('a lost badge', () => {
  it('ends the session that it began, and no other', async () => {
    const { db } = community;
    const open = () => db.selectFrom('session').select(['machine', 'badge']).where('end_ms', 'is', null).execute();
    await show(badgeOf('anna'), NOW - 5000);
    expect(await open()).toEqual([{ machine: LASER, badge: badgeOf('anna') }]);
    const [spare, headers] = ['a5'.repeat(32), { cookie: cookies.get('olga') ?? '' }];
    await call('ada', 'POST', '/badges', { badge: spare, member: PEOPLE.anna });
    await community.inject({ method: 'POST', url: `/api/v1/machines/${MILL}/sessions`, headers });
    await call('ada', 'POST', `/badges/${spare}/revoke`);
    expect(await open()).toHaveLength(2);
    await call('ada', 'POST', `/badges/${badgeOf('anna')}/revoke`);
    expect(await open()).toEqual([{ machine: MILL, badge: null }]);
    const machines = (await call('ada', 'GET', '/machines')).json() as { id: string; occupancy: string }[];
    expect(machines.find(({ id }) => id === LASER)).toMatchObject({ occupancy: 'free' });
  });

  it('given back to who had it counts since it was theirs first', async () => {
    await call('ada', 'POST', `/badges/${CARD}/revoke`);
    community.time.nowMs += 60_000;
    const again = await call('ada', 'POST', '/badges', { badge: CARD, member: PEOPLE.olga });
    community.time.nowMs -= 60_000;
    expect(again.json()).toMatchObject({ member: PEOPLE.olga, registeredMs: NOW, revokedMs: null });
  });

  it('is not said to be shown in years to come by a reader whose clock is wrong', async () => {
    const shown = async () => {
      const badges = (await call('ada', 'GET', '/badges')).json() as { badge: string; lastShownMs: number }[];
      return badges.find(({ badge }) => badge === badgeOf('ben'))?.lastShownMs;
    };
    await show(badgeOf('ben'), NOW + 40 * 86_400_000);
    expect(await shown()).toBeNull();
    await show(badgeOf('ben'), NOW + 1000);
    expect(await shown()).toBe(NOW + 1000);
  });

  it('is taken back once, and may be given again', async () => {
    const url = `/badges/${badgeOf('ben')}/revoke`;
    expect((await call('ada', 'POST', url)).json()).toMatchObject({ member: PEOPLE.ben, revokedMs: NOW });
    community.time.nowMs += 5000;
    expect((await call('ada', 'POST', url)).json()).toMatchObject({ revokedMs: NOW });
    expect((await call('ada', 'POST', `/badges/${'0'.repeat(64)}/revoke`)).statusCode).toBe(404);
    const again = await call('ada', 'POST', '/badges', { badge: badgeOf('ben'), member: PEOPLE.anna });
    expect(again.json()).toMatchObject({ member: PEOPLE.anna, registeredMs: NOW + 5000, revokedMs: null });
  });
});
