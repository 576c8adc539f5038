/** Who may use which route: the matrix is generated from the server's own routes, so that none can be forgotten. */
import { ROLES, type Role } from '@commonworks/core/api/index.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Access } from './access.ts';
import { PEOPLE, type Person, SERVICE_TOKEN, startTestCommunity, type TestCommunity } from './test-community.ts';

const ROLE_OF: Record<Person, Role> = {
  anna: 'member',
  ben: 'member',
  olga: 'operator',
  theo: 'treasurer',
  ada: 'admin',
};
let community: TestCommunity;
const cookies = new Map<Person, string>();

beforeAll(async () => {
  community = await startTestCommunity();
  for (const name of Object.keys(PEOPLE) as Person[]) cookies.set(name, await community.cookieOf(name));
});
afterAll(() => community.close());

function isAllowed(access: Access, who: Person | 'nobody'): boolean {
  if (access.who === 'public') return true;
  if (who === 'nobody') return false;
  if (access.who === 'anybody-logged-in') return true;
  if (access.who === 'roles') return access.roles.includes(ROLE_OF[who]);
  // The paths asked for are Anna's.
  return who === 'anna' || access.or.includes(ROLE_OF[who]);
}

/** What a request without a valid body or id may meet once it was let in. */
const LET_IN = [200, 201, 400, 404, 409, 410, 415, 422, 503];

async function ask(rule: { method: string; url: string }, headers: Record<string, string>) {
  const url = rule.url.replace(':id', PEOPLE.anna).replace(':month', '2026-04').replace('*', 'x');
  return await community.inject({ method: rule.method as 'GET', url, headers });
}

/** Streams never end, so they cannot be injected; the sign-in routes are counted against guessing. */
const isAsked = (url: string) => url.startsWith('/api/v1') && !url.endsWith('/events');

describe('the matrix of roles and routes', () => {
  it('every route says who may use it, and only log-in, links, documentation and files are public', () => {
    const rules = community.rules();
    expect(rules.length).toBeGreaterThan(50);
    const open = rules.filter((rule) => rule.access.who === 'public').map((rule) => rule.url);
    const known = [
      '/api/v1/community',
      '/api/v1/auth/link',
      '/api/v1/auth/accept',
      '/api/auth/sign-in/email',
      '/api/auth/sign-out',
      '/api/openapi.json',
      '/',
      '/*',
    ];
    expect(open.filter((url) => !known.includes(url) && !url.startsWith('/api/docs'))).toEqual([]);
  });

  it('lets nobody in without a log-in, with a wrong token or a forged cookie', async () => {
    for (const rule of community.rules().filter((one) => one.access.who !== 'public')) {
      for (const headers of [
        {},
        { authorization: 'Bearer wrong' },
        { authorization: 'Basic YTpi' },
        { cookie: 'test.session_token=x.y' },
      ]) {
        const answer = await ask(rule, headers);
        expect([rule.method, rule.url, answer.statusCode]).toEqual([rule.method, rule.url, 401]);
        if (rule.method !== 'HEAD') expect(answer.json()).toMatchObject({ code: 'http.not-logged-in' });
      }
    }
  });

  for (const who of Object.keys(PEOPLE) as Person[]) {
    it(`lets ${who} (${ROLE_OF[who]}) do what the rule says and nothing else; a stranger's data is not found`, async () => {
      for (const rule of community.rules().filter((one) => isAsked(one.url))) {
        const answer = await ask(rule, { cookie: cookies.get(who) ?? '' });
        const seen = [rule.method, rule.url, answer.statusCode];
        if (isAllowed(rule.access, who)) {
          expect(LET_IN, seen.join(' ')).toContain(answer.statusCode);
          continue;
        }
        const refusal = rule.access.who === 'self' ? 404 : 403;
        expect(seen).toEqual([rule.method, rule.url, refusal]);
        if (rule.method === 'HEAD') continue;
        const code = refusal === 404 ? 'http.not-found' : 'http.forbidden';
        expect(answer.json(), seen.join(' ')).toMatchObject({ code, status: refusal });
        expect(answer.headers['content-type']).toContain('application/problem+json');
      }
    });
  }

  it('takes the service token for an operator and treasurer who is nobody', async () => {
    const headers = { authorization: `Bearer ${SERVICE_TOKEN}` };
    expect((await community.inject({ url: '/api/v1/me', headers })).json()).toMatchObject({
      user: 'service',
      member: null,
      roles: ['operator', 'treasurer'],
    });
    expect((await community.inject({ url: '/api/v1/devices', headers })).statusCode).toBe(200);
    expect((await community.inject({ url: '/api/v1/edges', method: 'POST', headers })).statusCode).toBe(403);
    const payload = { machine: 'x', fromMs: 0, toMs: 0 };
    const booking = await community.inject({ url: '/api/v1/bookings', method: 'POST', headers, payload });
    expect(booking.json()).toMatchObject({ code: 'workshop.not-a-member', status: 403 });
  });

  it('shows a member only themselves among the members', async () => {
    const list = async (who: Person) =>
      (await community.inject({ url: '/api/v1/members', headers: { cookie: cookies.get(who) ?? '' } })).json();
    expect((await list('anna')).map((member: { name: string }) => member.name)).toEqual(['anna']);
    expect(await list('ada')).toHaveLength(5);
  });

  it('knows no other roles than these', () => {
    expect(new Set(Object.values(ROLE_OF))).toEqual(new Set(ROLES));
  });
});
