/** What happens while somebody is a member, and how it ends: name, address, shares, leaving. */
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  EDGE,
  LASER,
  NOW,
  PEOPLE,
  type Person,
  POINT,
  SERVICE_TOKEN,
  startTestCommunity,
  type TestCommunity,
} from './test-community.ts';

const QUARTER = 900_000;
const DAY = 86_400_000;
let community: TestCommunity;
let ada = '';
beforeEach(async () => {
  community = await startTestCommunity();
  ada = await community.cookieOf('ada');
});
afterEach(() => community.close());

async function call(method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, payload?: object) {
  return await community.inject({
    method,
    url: `/api/v1${url}`,
    headers: { cookie: ada },
    ...(payload && { payload }),
  });
}
const signIn = (email: string) =>
  community.inject({
    method: 'POST',
    url: '/api/auth/sign-in/email',
    payload: { email, password: 'four random words' },
  });
const leave = (who: Person, atMs?: number) =>
  call('POST', `/members/${PEOPLE[who]}/leave`, atMs === undefined ? {} : { atMs });
const giveBack = () =>
  call('POST', '/shares/transfers', { from: PEOPLE.anna, to: 'community', shares: 10, reason: 'given back' });

describe('a member', () => {
  it('has another name and address from now on, and logs in with it', async () => {
    const cookie = await community.cookieOf('anna');
    const change = { name: 'Anna Berg', email: 'Berg@cellar' };
    const changed = await call('PATCH', `/members/${PEOPLE.anna}`, change);
    expect(changed.json()).toMatchObject({ name: 'Anna Berg', email: 'berg@cellar', hasLogin: true });
    expect((await signIn('anna@cellar')).statusCode).toBe(401);
    expect((await signIn('berg@cellar')).json()).toMatchObject({ name: 'Anna Berg' });
    const me = await community.inject({ url: '/api/v1/me', headers: { cookie } });
    expect(me.json()).toMatchObject({ name: 'Anna Berg', email: 'berg@cellar' });
  });

  it("does not get somebody else's address, none of a demo, and no empty name", async () => {
    const url = `/members/${PEOPLE.anna}`;
    expect((await call('PATCH', url, { email: 'ben@cellar' })).json()).toMatchObject({ code: 'auth.email-taken' });
    expect((await call('PATCH', url, { email: 'x@demo' })).json()).toMatchObject({ code: 'auth.demo-refused' });
    expect((await call('PATCH', url, { name: '  ' })).json()).toMatchObject({ code: 'http.request-invalid' });
    expect((await call('PATCH', url, {})).statusCode).toBe(400);
    expect((await call('PATCH', '/members/nobody', { name: 'X' })).statusCode).toBe(404);
  });

  it('hands shares on', async () => {
    const request = { from: PEOPLE.anna, to: PEOPLE.ben, shares: 4, reason: 'sold' };
    expect((await call('POST', '/shares/transfers', request)).json()).toEqual({ issued: 100, unsold: 90 });
    const members = (await call('GET', '/members')).json() as { name: string; shares: number }[];
    expect(members.filter(({ shares }) => shares > 0).map(({ name, shares }) => [name, shares])).toEqual([
      ['anna', 6],
      ['ben', 4],
    ]);
    const much = await call('POST', '/shares/transfers', { ...request, shares: 7 });
    expect(much.json()).toMatchObject({ code: 'community.shares-not-held' });
    for (const [fault, code] of [
      [{ to: 'nobody' }, 'http.not-found'],
      [{ to: PEOPLE.anna }, 'http.request-invalid'],
      // Where shares come from is no holder: issuing them is a decision of its own.
      [{ from: 'issue' }, 'http.not-found'],
    ] as const) {
      expect((await call('POST', '/shares/transfers', { ...request, ...fault })).json()).toMatchObject({ code });
    }
  });
});

describe('a transfer of shares', () => {
  const request = { from: PEOPLE.anna, to: PEOPLE.ben, shares: 4, reason: ' sold ' };
  const ask = (payload: object, headers: Record<string, string>) =>
    community.inject({ method: 'POST', url: '/api/v1/shares/transfers', payload, headers });
  const transfers = () => community.db.selectFrom('share_transfer').select('reason').where('at_ms', '=', NOW).execute();

  it('asked for twice with the same key is one; the key of another is refused', async () => {
    const headers = { cookie: ada, 'idempotency-key': 'key-of-ada-1' };
    const answers = [await ask(request, headers), await ask(request, headers)];
    expect(answers.map((answer) => [answer.statusCode, answer.json()])).toEqual([
      [201, { issued: 100, unsold: 90 }],
      [201, { issued: 100, unsold: 90 }],
    ]);
    expect(await transfers()).toEqual([{ reason: 'sold' }]);
    const other = await ask({ ...request, shares: 5 }, headers);
    expect(other.json()).toMatchObject({ status: 422, code: 'http.idempotency-key-reused' });
  });

  it('says why, in more than spaces', async () => {
    const empty = await ask({ ...request, reason: '     ' }, { cookie: ada });
    expect(empty.json()).toMatchObject({ status: 400, code: 'http.request-invalid' });
    const issue = await call('POST', '/shares', { shares: 5, reason: '   ' });
    expect(issue.json()).toMatchObject({ code: 'http.request-invalid' });
    expect(await transfers()).toEqual([]);
  });

  it('is made by people, as are shares and tariffs: a program with the service token makes none', async () => {
    const headers = { authorization: `Bearer ${SERVICE_TOKEN}` };
    for (const [url, payload] of [
      ['/shares/transfers', request],
      ['/shares', { shares: 5, reason: 'for me' }],
      ['/tariffs', {}],
    ] as const) {
      const answer = await community.inject({ method: 'POST', url: `/api/v1${url}`, payload, headers });
      expect(answer.json()).toMatchObject({ status: 403, code: 'http.forbidden' });
    }
  });
});

describe('who leaves', () => {
  it('must have handed on the shares', async () => {
    const refused = await leave('anna');
    expect(refused.json()).toMatchObject({ status: 409, code: 'community.member-holds-shares' });
    expect((await giveBack()).statusCode).toBe(201);
    expect((await leave('anna')).json()).toMatchObject({ leftMs: NOW, roles: [], badges: 0, hasLogin: false });
    expect((await leave('anna')).json()).toMatchObject({ code: 'community.member-has-left' });
  });

  it('is nobody from then on: no log-in, no badge, no link, no booking, no session, no meter', async () => {
    await giveBack();
    const cookie = await community.cookieOf('anna');
    const link = (await call('POST', `/members/${PEOPLE.anna}/reset-link`)).json().url as string;
    const post = (url: string, payload?: object) =>
      community.inject({ method: 'POST', url: `/api/v1${url}`, headers: { cookie }, ...(payload && { payload }) });
    await post(`/machines/${LASER}/sessions`);
    await post('/bookings', { machine: LASER, fromMs: NOW + 4 * QUARTER, toMs: NOW + 8 * QUARTER });
    community.time.nowMs = NOW + QUARTER + 60_000;
    expect((await leave('anna')).statusCode).toBe(200);

    expect((await community.inject({ url: '/api/v1/me', headers: { cookie } })).statusCode).toBe(401);
    expect((await signIn('anna@cellar')).statusCode).toBe(401);
    const token = new URL(link).searchParams.get('token');
    const accept = await community.inject({
      method: 'POST',
      url: '/api/v1/auth/accept',
      payload: { token, password: 'x'.repeat(12) },
    });
    expect(accept.json()).toMatchObject({ code: 'auth.link-spent' });
    for (const path of ['invite', 'reset-link']) {
      const answer = await call('POST', `/members/${PEOPLE.anna}/${path}`);
      expect(answer.json()).toMatchObject({ code: 'community.member-has-left' });
    }
    const roles = await call('PUT', `/members/${PEOPLE.anna}/roles`, { roles: ['admin'] });
    expect(roles.json()).toMatchObject({ code: 'community.member-has-left' });
    const { db } = community;
    expect(await db.selectFrom('booking').select('status').execute()).toEqual([{ status: 'cancelled' }]);
    expect(await db.selectFrom('session').select('end_ms').execute()).toEqual([{ end_ms: NOW + QUARTER + 60_000 }]);
    const [point] = (await call('GET', '/metering-points')).json();
    expect(point).toMatchObject({ id: POINT, member: PEOPLE.anna });
    // The next reading still counts, wherever in the quarter hour it is: it closes the last one.
    expect(point.assignments).toMatchObject([{ device: 'home-1', fromMs: 0, toMs: NOW + 2 * QUARTER - 1 }]);
    const request = await db.selectFrom('derive_request').selectAll().orderBy('no', 'desc').limit(1).execute();
    expect(request).toMatchObject([{ from_ms: NOW + QUARTER }]);
  });

  it('is asked again when leaving could not be committed, and then leaves', async () => {
    await community.cookieOf('ben');
    const { db, app } = community;
    await sql`CREATE TABLE fault (member TEXT REFERENCES member (id) DEFERRABLE INITIALLY DEFERRED)`.execute(db);
    await sql`CREATE TRIGGER fault AFTER UPDATE OF left_ms ON member BEGIN INSERT INTO fault VALUES ('none'); END`.execute(
      db,
    );
    expect((await leave('ben')).statusCode).toBe(500);
    expect((await call('GET', '/members')).json().find(({ id }: { id: string }) => id === PEOPLE.ben)).toMatchObject({
      leftMs: null,
    });
    await sql`DROP TRIGGER fault`.execute(db);
    expect((await leave('ben')).json()).toMatchObject({ leftMs: NOW, hasLogin: false });
    expect(app.logIn.members().has(PEOPLE.ben)).toBe(false);
  });

  it('watches live no more', async () => {
    const closed: string[] = [];
    for (const who of ['ben', 'anna'] as const) {
      const sink = { write: () => true, onDrain: () => {}, close: () => void closed.push(who) };
      community.live.hub.add({ member: PEOPLE[who], roles: ['member'] }, sink, []);
    }
    await leave('ben');
    expect([closed, community.live.hub.size()]).toEqual([['ben'], 1]);
  });

  it('is given no metering point any more, and no meter at an old one', async () => {
    await giveBack();
    await leave('anna');
    const refused = { status: 409, code: 'community.member-has-left' };
    const point = { name: 'Garage', role: 'consumer', member: PEOPLE.anna };
    expect((await call('POST', '/metering-points', point)).json()).toMatchObject(refused);
    const device = { edge: EDGE, device: 'home-2', fromMs: NOW + QUARTER };
    expect((await call('POST', `/metering-points/${POINT}/assignments`, device)).json()).toMatchObject(refused);
    const next = (await call('POST', '/metering-points', { ...point, member: PEOPLE.ben })).json();
    expect((await call('POST', `/metering-points/${next.id}/assignments`, device)).statusCode).toBe(201);
  });

  it('keeps the statements, which the treasurer still reads', async () => {
    await giveBack();
    await leave('anna');
    expect((await call('GET', `/members/${PEOPLE.anna}/statements/2026-05`)).statusCode).toBe(200);
  });

  it('does not leave ahead of time, before joining, or before the last thing they did', async () => {
    const refused = { status: 409, code: 'community.leave-date' };
    expect((await leave('ben', NOW + 1)).json()).toMatchObject(refused);
    await giveBack();
    // The shares went at NOW.
    expect((await leave('anna', NOW - 1)).json()).toMatchObject(refused);
    expect((await leave('ben', NOW - 1)).json()).toMatchObject({ leftMs: NOW - 1 });
    await community.db.updateTable('member').set({ joined_ms: NOW }).where('id', '=', PEOPLE.olga).execute();
    expect((await leave('olga', NOW - 1)).json()).toMatchObject(refused);
  });

  it('does not leave within a settled month', async () => {
    const april = await community.app.askAboutMonth({ ask: 'settle', month: '2026-04', missing: 'exclude' });
    expect(april.ok).toBe(true);
    const endMs = Date.UTC(2026, 3, 30, 22);
    expect((await leave('ben', endMs - 1)).json()).toMatchObject({
      status: 409,
      code: 'community.leave-date',
      detail: 'the month in which ben would leave is settled',
    });
    expect((await leave('ben', endMs)).json()).toMatchObject({ leftMs: endMs });
  });

  it('does not leave before the end of a session, nor in the past while one is open', async () => {
    const cookie = await community.cookieOf('ben');
    const session = (method: 'POST' | 'DELETE') =>
      community.inject({ method, url: `/api/v1/machines/${LASER}/sessions`, headers: { cookie } });
    const refused = { status: 409, code: 'community.leave-date', detail: 'ben used a machine after that' };
    await session('POST');
    community.time.nowMs = NOW + 4 * QUARTER;
    expect((await leave('ben', NOW + QUARTER)).json()).toMatchObject(refused);
    await session('DELETE');
    expect((await leave('ben', NOW + QUARTER)).json()).toMatchObject(refused);
    community.time.nowMs = NOW + 5 * QUARTER;
    expect((await leave('ben', NOW + 4 * QUARTER)).statusCode).toBe(200);
  });

  it('leaves now with an open session, however long that takes', async () => {
    const cookie = await community.cookieOf('ben');
    await community.inject({ method: 'POST', url: `/api/v1/machines/${LASER}/sessions`, headers: { cookie } });
    let ms = NOW + QUARTER;
    Object.defineProperty(community.time, 'nowMs', { get: () => ms++ });
    expect((await leave('ben')).statusCode).toBe(200);
  });

  it('leaves now although a clock that is ahead dates a session after now, and a meter was to come', async () => {
    community.time.nowMs = NOW + 90_000;
    const cookie = await community.cookieOf('ben');
    for (const method of ['POST', 'DELETE'] as const) {
      await community.inject({ method, url: `/api/v1/machines/${LASER}/sessions`, headers: { cookie } });
    }
    community.time.nowMs = NOW;
    const point = (await call('POST', '/metering-points', { name: 'B', role: 'consumer', member: PEOPLE.ben })).json();
    const assign = (device: string, fromMs: number) =>
      call('POST', `/metering-points/${point.id}/assignments`, { edge: EDGE, device, fromMs });
    await assign('meter-1', NOW - DAY);
    await assign('meter-2', NOW + 90 * DAY);
    expect((await leave('ben')).json()).toMatchObject({ leftMs: NOW });
    const points = (await call('GET', '/metering-points')).json() as { id: string }[];
    expect(points.find(({ id }) => id === point.id)).toMatchObject({
      assignments: [{ device: 'meter-1', fromMs: NOW - DAY, toMs: NOW + QUARTER - 1 }],
    });
  });

  it('is not the last admin', async () => {
    expect((await leave('ada')).json()).toMatchObject({ status: 409, code: 'http.last-admin' });
    expect((await call('GET', '/members')).statusCode).toBe(200);
  });

  it('frees the address: somebody who comes back is a new member', async () => {
    await leave('ben');
    const request = { name: 'Ben', email: 'ben@cellar', roles: ['member'], shares: 0 };
    expect((await call('POST', '/members', request)).statusCode).toBe(201);
  });
});
