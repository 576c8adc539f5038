/** Machines over HTTP: bookings that cannot overlap, however many ask at once; repeated requests; badge-in on the web. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LASER, MILL, NOW, PEOPLE, type Person, startTestCommunity, type TestCommunity } from './test-community.ts';

const HOUR = 3_600_000;
let community: TestCommunity;
const cookies = new Map<Person, string>();

beforeAll(async () => {
  community = await startTestCommunity();
  for (const name of ['anna', 'ben', 'olga'] as const) cookies.set(name, await community.cookieOf(name));
});
afterAll(() => community.close());
beforeEach(async () => {
  await community.db.deleteFrom('booking').execute();
  await community.db.deleteFrom('session').execute();
  community.live.forget();
});

function call(
  who: Person,
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  more: { payload?: object; key?: string } = {},
) {
  const headers: Record<string, string> = { cookie: cookies.get(who) ?? '' };
  if (more.key !== undefined) headers['idempotency-key'] = more.key;
  return community.inject({ method, url: `/api/v1${url}`, headers, ...(more.payload && { payload: more.payload }) });
}
const span = (fromH: number, toH: number, machine = LASER) => ({
  machine,
  fromMs: NOW + fromH * HOUR,
  toMs: NOW + toH * HOUR,
});
const machineOf = async (who: Person, id = LASER) =>
  (await call(who, 'GET', '/machines')).json().find((machine: { id: string }) => machine.id === id);

describe('bookings', () => {
  it('of 200 requests at once exactly one wins, the others are told the next free time', async () => {
    await community.server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = community.server.server.address() as AddressInfo;
    const ask = async (n: number) => {
      const cookie = cookies.get(n % 2 === 0 ? 'anna' : 'ben') ?? '';
      const body = JSON.stringify(span(2 + (n % 5) / 60, 3));
      const headers = { cookie, 'content-type': 'application/json' };
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/bookings`, { method: 'POST', headers, body });
      return { status: answer.status, body: (await answer.json()) as { code?: string; detail?: string } };
    };
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(n)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused).toHaveLength(199);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['workshop.booking-overlaps']));
    expect(refused[0]?.body.detail).toContain('free from 13:00');
    expect(await community.db.selectFrom('booking').selectAll().execute()).toHaveLength(1);
  }, 30_000);

  it('may touch, and another machine is another matter', async () => {
    for (const payload of [span(2, 3), span(3, 4), span(1, 2), span(2, 3, MILL)]) {
      expect((await call('anna', 'POST', '/bookings', { payload })).statusCode).toBe(201);
    }
  });

  it.each([
    ['half a minute', { fromMs: NOW + 30_000, toMs: NOW + HOUR }, 'workshop.booking-not-whole-minutes', 422],
    ['ten minutes', { fromMs: NOW, toMs: NOW + 600_000 }, 'workshop.booking-length', 422],
    ['yesterday', { fromMs: NOW - 24 * HOUR, toMs: NOW - 23 * HOUR }, 'workshop.booking-in-past', 422],
    [
      'in ten weeks',
      { fromMs: NOW + 70 * 24 * HOUR, toMs: NOW + 70 * 24 * HOUR + HOUR },
      'workshop.booking-too-far-ahead',
      422,
    ],
  ])('for %s are refused', async (_name, times, code, status) => {
    const answer = await call('anna', 'POST', '/bookings', { payload: { machine: LASER, ...times } });
    expect(answer.json()).toMatchObject({ code, status });
  });

  it('of an unknown machine are not found', async () => {
    const answer = await call('anna', 'POST', '/bookings', { payload: span(1, 2, 'nothing') });
    expect(answer.json()).toMatchObject({ code: 'http.not-found' });
  });

  it('with the same key are one; the key of another request is refused', async () => {
    const first = await call('anna', 'POST', '/bookings', { payload: span(5, 6), key: 'key-of-anna-1' });
    const again = await call('anna', 'POST', '/bookings', { payload: span(5, 6), key: 'key-of-anna-1' });
    expect([first.statusCode, again.statusCode]).toEqual([201, 201]);
    expect(again.json()).toEqual(first.json());
    const other = await call('anna', 'POST', '/bookings', { payload: span(6, 7), key: 'key-of-anna-1' });
    expect(other.json()).toMatchObject({ status: 422, code: 'http.idempotency-key-reused' });
    const bens = await call('ben', 'POST', '/bookings', { payload: span(6, 7), key: 'key-of-anna-1' });
    expect(bens.statusCode).toBe(201);
  });

  it('that were refused leave no trace of their key', async () => {
    await call('ben', 'POST', '/bookings', { payload: span(5, 6) });
    const refused = await call('anna', 'POST', '/bookings', { payload: span(5, 6), key: 'key-of-anna-2' });
    expect(refused.statusCode).toBe(409);
    await community.db.deleteFrom('booking').execute();
    const now = await call('anna', 'POST', '/bookings', { payload: span(5, 6), key: 'key-of-anna-2' });
    expect(now.statusCode).toBe(201);
  });

  it("show others that it is taken, not by whom; a stranger's is not found, an operator may cancel it", async () => {
    const booked = (await call('anna', 'POST', '/bookings', { payload: span(1, 2) })).json();
    expect(booked).toMatchObject({ isMine: true, memberName: 'anna' });
    const url = `/machines/${LASER}/bookings?fromMs=${NOW}&toMs=${NOW + 24 * HOUR}`;
    expect((await call('ben', 'GET', url)).json()).toMatchObject([{ isMine: false, member: null, memberName: null }]);
    expect((await call('olga', 'GET', url)).json()).toMatchObject([{ memberName: 'anna' }]);
    const stranger = await call('ben', 'DELETE', `/bookings/${booked.id}`);
    expect(stranger.json()).toMatchObject({ status: 404, code: 'http.not-found' });
    expect((await call('olga', 'DELETE', `/bookings/${booked.id}`)).json()).toMatchObject({ status: 'cancelled' });
    expect((await call('ben', 'POST', '/bookings', { payload: span(1, 2) })).statusCode).toBe(201);
  });

  it('of a member page by time', async () => {
    for (const hour of [1, 2, 3]) await call('anna', 'POST', '/bookings', { payload: span(hour, hour + 1) });
    const first = await call('anna', 'GET', `/members/${PEOPLE.anna}/bookings?limit=2`);
    expect(first.json().map((one: { fromMs: number }) => (one.fromMs - NOW) / HOUR)).toEqual([3, 2]);
    const next = /<([^>]+)>; rel="next"/.exec(String(first.headers['link']))?.[1] ?? '';
    const second = await call('anna', 'GET', next.replace('/api/v1', ''));
    expect(second.json().map((one: { fromMs: number }) => (one.fromMs - NOW) / HOUR)).toEqual([1]);
    expect(second.headers['link']).toBeUndefined();
  });
});

describe('badging in on the web', () => {
  it('gives the machine to one, and back', async () => {
    expect(await machineOf('anna')).toMatchObject({ occupancy: 'free', mayStart: { ok: true }, mySession: null });
    const started = await call('anna', 'POST', `/machines/${LASER}/sessions`);
    expect(started.json()).toMatchObject({ memberName: 'anna', endMs: null });
    expect(await machineOf('anna')).toMatchObject({ occupancy: 'in-session', mySession: started.json().id });
    expect(await machineOf('ben')).toMatchObject({ mySession: null, mayStart: { ok: false } });
    const ben = await call('ben', 'POST', `/machines/${LASER}/sessions`);
    expect(ben.json()).toMatchObject({ status: 409, code: 'workshop.machine-in-session' });
    const others = await call('ben', 'DELETE', `/machines/${LASER}/sessions`);
    expect(others.json()).toMatchObject({ status: 404, code: 'workshop.no-session' });
    const ended = await call('anna', 'DELETE', `/machines/${LASER}/sessions`);
    expect(ended.json()).toMatchObject({ endMs: NOW, runningS: 0 });
    expect(await machineOf('ben')).toMatchObject({ occupancy: 'free', mayStart: { ok: true } });
  });

  it('is ended by an operator for somebody who cannot', async () => {
    const none = await call('olga', 'DELETE', `/machines/${LASER}/sessions`);
    expect(none.json()).toMatchObject({ status: 404, code: 'workshop.no-session' });
    await call('anna', 'POST', `/machines/${LASER}/sessions`);
    const ended = await call('olga', 'DELETE', `/machines/${LASER}/sessions`);
    expect(ended.json()).toMatchObject({ memberName: 'anna', endMs: NOW });
    expect(await machineOf('anna')).toMatchObject({ occupancy: 'free', mySession: null });
  });

  it('of many at once gives it to one', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => call(n % 2 === 0 ? 'anna' : 'ben', 'POST', `/machines/${LASER}/sessions`)),
    );
    expect(answers.filter((answer) => answer.statusCode === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.statusCode === 409)).toHaveLength(19);
  });

  it("waits for the end of somebody else's booking, and says so", async () => {
    await call('ben', 'POST', '/bookings', { payload: span(0, 1) });
    expect(await machineOf('anna')).toMatchObject({
      occupancy: 'booked',
      current: { isMine: false, member: null },
      mayStart: { ok: false, reason: 'Booked by somebody else until 11:00. Book a later time.' },
    });
    const answer = await call('anna', 'POST', `/machines/${LASER}/sessions`);
    expect(answer.json()).toMatchObject({ status: 409, code: 'workshop.machine-booked' });
    expect((await call('ben', 'POST', `/machines/${LASER}/sessions`)).statusCode).toBe(201);
  });
});
