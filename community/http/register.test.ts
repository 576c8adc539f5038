/** What admins and treasurers register over HTTP, and that each takes effect. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listMachines } from '../workshop/machine-list.ts';
import { EDGE, NOW, PEOPLE, type Person, POINT, startTestCommunity, type TestCommunity } from './test-community.ts';

let community: TestCommunity;
const cookies = new Map<Person, string>();
beforeAll(async () => {
  community = await startTestCommunity();
  for (const name of ['anna', 'theo', 'ada'] as const) cookies.set(name, await community.cookieOf(name));
});
afterAll(() => community.close());

async function call(who: Person, method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, payload?: object) {
  const headers = { cookie: cookies.get(who) ?? '' };
  return await community.inject({ method, url: `/api/v1${url}`, headers, ...(payload && { payload }) });
}

describe('edges', () => {
  it('get a secret that is shown once, are revoked, and let in again', async () => {
    const made = await call('ada', 'POST', '/edges', { name: 'roof' });
    expect(made.statusCode).toBe(201);
    const { edge, secret } = made.json();
    const row = await community.db.selectFrom('edge').selectAll().where('id', '=', edge.id).executeTakeFirstOrThrow();
    const [, salt, hash] = row.secret_hash.split('$');
    expect(createHash('sha256').update(`${salt}\n${secret}`).digest('base64url')).toBe(hash);
    expect(JSON.stringify((await call('ada', 'GET', '/edges')).json())).not.toContain(secret);
    expect((await call('ada', 'POST', `/edges/${edge.id}/revoke`)).json()).toMatchObject({ isEnabled: false });
    expect((await call('ada', 'POST', `/edges/${edge.id}/enable`)).json()).toMatchObject({ isEnabled: true });
    expect((await call('ada', 'POST', '/edges/none/enable')).statusCode).toBe(404);
    expect((await call('ada', 'POST', '/edges/none/revoke')).json()).toMatchObject({ code: 'http.not-found' });
  });
});

describe('metering points', () => {
  it('are made, and their meter is exchanged without losing history', async () => {
    const request = { name: 'Home of Ben', role: 'consumer', member: PEOPLE.ben };
    const made = await call('ada', 'POST', '/metering-points', request);
    expect(made.json()).toMatchObject({ ...request, ratedPowerW: null, assignments: [] });
    const swap = { edge: EDGE, device: 'home-1b', fromMs: NOW, registerModulusWh: 4_294_967_296 };
    const changed = await call('ada', 'POST', `/metering-points/${POINT}/assignments`, swap);
    expect(changed.json().assignments).toEqual([
      { edge: EDGE, device: 'home-1', fromMs: 0, toMs: NOW, registerModulusWh: null },
      { edge: EDGE, device: 'home-1b', fromMs: NOW, toMs: null, registerModulusWh: 4_294_967_296 },
    ]);
    const earlier = await call('ada', 'POST', `/metering-points/${POINT}/assignments`, { ...swap, fromMs: NOW - 1000 });
    expect(earlier.statusCode).toBe(400);
    const stranger = await call('ada', 'POST', '/metering-points', { ...request, member: 'nobody' });
    expect(stranger.json()).toMatchObject({ code: 'http.not-found' });
  });

  it('have a rated power, which can be set, corrected and taken away', async () => {
    const request = { name: 'Home of Carl', role: 'consumer', member: null, ratedPowerW: 24_000 };
    const made = (await call('ada', 'POST', '/metering-points', request)).json();
    expect(made).toMatchObject({ ratedPowerW: 24_000 });
    const rate = (ratedPowerW: unknown, id = made.id) =>
      call('ada', 'PATCH', `/metering-points/${id}`, { ratedPowerW } as object);
    expect((await rate(17_000)).json()).toMatchObject({ name: 'Home of Carl', ratedPowerW: 17_000, assignments: [] });
    expect((await rate(null)).json()).toMatchObject({ ratedPowerW: null });
    expect([(await rate(0)).statusCode, (await rate(1.5)).statusCode, (await rate(5, 'none')).statusCode]).toEqual([
      400, 400, 404,
    ]);
    const asked = await community.db.selectFrom('derive_request').selectAll().orderBy('no', 'desc').execute();
    expect(asked[0]).toMatchObject({ from_ms: 0, to_ms: Number.MAX_SAFE_INTEGER });
  });

  it('show what was judged of their registers, newest first, in pages', async () => {
    const judged = (timeMs: number, direction: 0 | 1 = 0) => ({
      ...{ point_no: 1, direction, time_ms: timeMs, kind: 'reset' as const },
      ...{ before_mwh: 9000, after_mwh: 40, credited_mwh: direction === 0 ? 40 : null },
    });
    const rows = [judged(10), judged(20), judged(20, 1), judged(30)];
    await community.db.insertInto('counter_judgement').values(rows).execute();
    const url = `/metering-points/${POINT}/judgements`;
    const newest = {
      timeMs: 30,
      register: 'importedWh',
      kind: 'reset',
      beforeMwh: 9000,
      afterMwh: 40,
      creditedMwh: 40,
    };
    expect((await call('theo', 'GET', `${url}?limit=1`)).json()).toEqual([newest]);
    const page = await call('theo', 'GET', `${url}?fromMs=15&limit=2`);
    expect(page.json().map((one: typeof newest) => [one.timeMs, one.register, one.creditedMwh])).toEqual([
      [30, 'importedWh', 40],
      [20, 'importedWh', 40],
      [20, 'exportedWh', null],
    ]);
    expect(page.headers.link).toContain(`${url}?fromMs=15&limit=2&before=20>`);
    expect((await call('theo', 'GET', `${url}?fromMs=15&limit=2&before=20`)).json()).toEqual([]);
    expect((await call('theo', 'GET', `${url}?toMs=20`)).json()).toHaveLength(1);
    expect((await call('theo', 'GET', '/metering-points/none/judgements')).statusCode).toBe(404);
    expect((await call('anna', 'GET', url)).statusCode).toBe(403);
  });
});

describe('machines', () => {
  it('have thresholds and a reader of their own', async () => {
    const device = { edge: EDGE, device: 'press-1' };
    const machine = { name: 'Press', kind: 'other', activity: device, meter: device, relay: null, pricePerHour: '300' };
    const power = { offBelowW: 1, idleBelowW: 20, runningFromW: 30 };
    const made = await call('ada', 'POST', '/machines', {
      ...machine,
      power,
      reader: { edge: EDGE, device: 'badge-2' },
    });
    const press = (await listMachines(community.db)).find((one) => one.id === made.json().id);
    expect(press).toMatchObject({ name: 'Press', thresholds: power, reader: { device: 'badge-2' } });
    const falling = await call('ada', 'POST', '/machines', { ...machine, power: { ...power, idleBelowW: 0 } });
    expect(falling.json()).toMatchObject({ status: 400, code: 'http.request-invalid' });
    expect((await call('anna', 'GET', '/machines')).json()).toHaveLength(3);
  });
});

describe('roles', () => {
  it('are given and taken, but somebody remains who can give them', async () => {
    const url = `/members/${PEOPLE.anna}/roles`;
    expect((await call('anna', 'GET', '/edges')).statusCode).toBe(403);
    expect((await call('ada', 'PUT', url, { roles: ['member', 'admin'] })).json()).toMatchObject({
      roles: ['member', 'admin'],
    });
    expect((await call('anna', 'GET', '/edges')).statusCode).toBe(200);
    expect((await call('anna', 'PUT', url, { roles: ['member'] })).statusCode).toBe(200);
    const last = await call('ada', 'PUT', `/members/${PEOPLE.ada}/roles`, { roles: [] });
    expect(last.json()).toMatchObject({ status: 409, code: 'http.last-admin' });
    expect((await call('ada', 'GET', '/edges')).statusCode).toBe(200);
  });

  it('an admin who cannot log in, or has left, is nobody who could give them', async () => {
    await call('ada', 'PUT', `/members/${PEOPLE.ben}/roles`, { roles: ['member', 'admin'] });
    const own = `/members/${PEOPLE.ada}/roles`;
    expect((await call('ada', 'PUT', own, { roles: ['member'] })).json()).toMatchObject({ code: 'http.last-admin' });
    await call('ada', 'PUT', `/members/${PEOPLE.ben}/roles`, { roles: ['member'] });
  });
});

describe('accounts', () => {
  it('a tariff begins in the future: what was consumed keeps its price', async () => {
    const prices = { method: 'fixed', internalPrice: '13.5', gridPrice: '30', feedInPrice: '6' };
    expect((await call('theo', 'POST', '/tariffs', { ...prices, fromMs: NOW + 1000 })).statusCode).toBe(201);
    expect((await call('theo', 'POST', '/tariffs', { ...prices, fromMs: NOW + 1000 })).statusCode).toBe(400);
    expect((await call('theo', 'POST', '/tariffs', { ...prices, fromMs: NOW - 1000 })).statusCode).toBe(400);
    // SQLite would keep this one, and nobody could read the tariffs any more.
    expect((await call('theo', 'POST', '/tariffs', { ...prices, fromMs: 1e17 })).statusCode).toBe(400);
    expect((await call('anna', 'GET', '/tariffs')).json()).toHaveLength(2);
  });

  it('an open month cannot be settled; the ledger begins with nothing and can be exported', async () => {
    const open = await call('theo', 'POST', '/settlements', { month: '2026-05' });
    expect(open.json()).toMatchObject({ status: 409, code: 'community.period-open' });
    expect((await call('theo', 'GET', '/settlements')).json()).toEqual([]);
    expect((await call('anna', 'GET', '/ledger/head')).json()).toEqual({ seq: 0, hash: '0'.repeat(64) });
    const bundle = await call('theo', 'GET', '/ledger/export');
    expect(bundle.headers['content-type']).toContain('ndjson');
    expect(JSON.parse(bundle.body.split('\n')[0] ?? '')).toMatchObject({ bundle: 'commonworks' });
  });

  it("a member's share and statement are there before anything was measured, their rows as CSV", async () => {
    const base = `/members/${PEOPLE.anna}`;
    const share = await call('anna', 'GET', `${base}/share?day=2026-05-04`);
    expect(share.json()).toMatchObject({ name: 'anna', shares: 10, sharesTotal: 100, now: { consumptionW: null } });
    expect((await call('anna', 'GET', `${base}/statements/2026-05`)).json()).toMatchObject({
      status: 'draft',
      totalMinor: 0,
    });
    const rows = await call('anna', 'GET', `${base}/statements/2026-05/intervals?day=2026-05-04`);
    const csv = await call('anna', 'GET', `${base}/statements/2026-05/intervals.csv?day=2026-05-04`);
    expect(csv.headers['content-type']).toContain('text/csv');
    expect(csv.body.trim().split('\n')).toHaveLength(1 + rows.json().length);
    const wrong = await call('anna', 'GET', `${base}/statements/2026-05/intervals?day=2026-04-30`);
    expect(wrong.statusCode).toBe(400);
  });
});

describe('shares', () => {
  it('issues shares into the community’s holding, from which a member then subscribes', async () => {
    const before = (await call('theo', 'GET', '/shares')).json();
    const issued = await call('theo', 'POST', '/shares', { shares: 500, reason: 'assembly of November' });
    expect([issued.statusCode, issued.json()]).toEqual([
      201,
      { issued: before.issued + 500, unsold: before.unsold + 500 },
    ]);
    const joined = await call('ada', 'POST', '/members', {
      ...{ name: 'Nora', email: 'nora@cellar', roles: ['member'] },
      shares: before.unsold + 500,
    });
    expect(joined.statusCode).toBe(201);
    expect((await call('anna', 'GET', '/shares')).json()).toEqual({ issued: before.issued + 500, unsold: 0 });
    expect((await call('anna', 'POST', '/shares', { shares: 1, reason: 'for me' })).statusCode).toBe(403);
  });
});
