/** Logging in: the first admin's link, invitations, resets, demo log-ins, and guessing. */
import { afterEach, describe, expect, it } from 'vitest';
import { PEOPLE, startTestCommunity, type TestCommunity } from './test-community.ts';

let community: TestCommunity;
afterEach(() => community.close());

const post = (url: string, payload: object, cookie = '') =>
  community.inject({ method: 'POST', url, payload, headers: cookie === '' ? {} : { cookie } });
const signIn = (email: string, password: string) => post('/api/auth/sign-in/email', { email, password });
const tokenOf = (url: string) => new URL(url).searchParams.get('token') ?? '';

describe('the first admin', () => {
  it('sets name, address and password by a link that works once', async () => {
    community = await startTestCommunity();
    const body = { token: community.adminToken, password: 'four random words', name: 'Eva', email: 'Eva@cellar' };
    expect((await post('/api/v1/auth/link', { token: body.token })).json()).toMatchObject({ purpose: 'setup' });
    const weak = await post('/api/v1/auth/accept', { ...body, password: 'short' });
    expect(weak.json()).toMatchObject({ status: 422, code: 'auth.password-weak' });
    const nameless = await post('/api/v1/auth/accept', { token: body.token, password: body.password });
    expect(nameless.json()).toMatchObject({ status: 400, code: 'http.request-invalid' });
    expect((await post('/api/v1/auth/accept', body)).statusCode).toBe(200);
    expect((await post('/api/v1/auth/accept', body)).json()).toMatchObject({ status: 410, code: 'auth.link-spent' });
    expect((await signIn('eva@cellar', body.password)).statusCode).toBe(200);
  });
});

describe('invitations and resets', () => {
  it('an admin registers a member, who sets a password by the link and is logged in', async () => {
    community = await startTestCommunity();
    const ada = await community.cookieOf('ada');
    const body = { name: 'Carl', email: 'carl@cellar', roles: ['member'], shares: 5 };
    const invited = await post('/api/v1/members', body, ada);
    expect(invited.json().member).toMatchObject({ name: 'Carl', shares: 5, hasLogin: false });
    expect(invited.json().url).toContain('/invite?token=');
    expect((await post('/api/v1/members', body, ada)).json()).toMatchObject({ status: 409, code: 'auth.email-taken' });
    const many = await post('/api/v1/members', { ...body, email: 'dora@cellar', shares: 1000 }, ada);
    expect(many.json()).toMatchObject({ status: 409, code: 'community.shares-not-held' });
    const token = tokenOf(invited.json().url);
    expect((await post('/api/v1/auth/link', { token })).json()).toMatchObject({ purpose: 'invite', name: 'Carl' });
    expect((await post('/api/v1/auth/accept', { token, password: 'four random words' })).statusCode).toBe(200);
    expect((await signIn('carl@cellar', 'four random words')).json()).toMatchObject({ name: 'Carl' });
  });

  it('a reset changes the password and ends the sessions', async () => {
    community = await startTestCommunity();
    const anna = await community.cookieOf('anna');
    const ada = await community.cookieOf('ada');
    const link = await post(`/api/v1/members/${PEOPLE.anna}/reset-link`, {}, ada);
    const token = tokenOf(link.json().url);
    await post('/api/v1/auth/accept', { token, password: 'other random words' });
    expect((await signIn('anna@cellar', 'four random words')).json()).toMatchObject({ code: 'auth.wrong-password' });
    expect((await signIn('anna@cellar', 'other random words')).statusCode).toBe(200);
    // The signed copy of the session in the cookie stands for at most a minute; without it the session is gone.
    const bare = anna
      .split('; ')
      .filter((cookie) => cookie.includes('session_token'))
      .join('; ');
    const me = await community.inject({ url: '/api/v1/me', headers: { cookie: bare } });
    expect(me.statusCode).toBe(401);
  });

  it('who has left is nobody', async () => {
    community = await startTestCommunity();
    const cookie = await community.cookieOf('anna');
    expect((await community.inject({ url: '/api/v1/me', headers: { cookie } })).json()).toMatchObject({ name: 'anna' });
    await community.db.updateTable('member').set({ left_ms: 1 }).where('id', '=', PEOPLE.anna).execute();
    expect((await community.inject({ url: '/api/v1/me', headers: { cookie } })).statusCode).toBe(401);
  });

  it('who leaves while a link is accepted has no log-in after it', async () => {
    community = await startTestCommunity();
    const ada = await community.cookieOf('ada');
    const { url } = (await post(`/api/v1/members/${PEOPLE.ben}/invite`, {}, ada)).json();
    const [accepted, left] = await Promise.all([
      post('/api/v1/auth/accept', { token: tokenOf(url), password: 'four random words' }),
      post(`/api/v1/members/${PEOPLE.ben}/leave`, {}, ada),
    ]);
    expect(left.statusCode).toBe(200);
    expect([200, 410]).toContain(accepted.statusCode);
    expect(community.app.logIn.members().has(PEOPLE.ben)).toBe(false);
    expect((await signIn('ben@cellar', 'four random words')).statusCode).toBe(401);
  });

  it('whose address changes while a link is accepted logs in with the new one', async () => {
    community = await startTestCommunity();
    const cookie = await community.cookieOf('ada');
    const { url } = (await post(`/api/v1/members/${PEOPLE.ben}/invite`, {}, cookie)).json();
    const change = { method: 'PATCH', url: `/api/v1/members/${PEOPLE.ben}`, payload: { email: 'new@cellar' } } as const;
    await Promise.all([
      post('/api/v1/auth/accept', { token: tokenOf(url), password: 'four random words' }),
      community.inject({ ...change, headers: { cookie } }),
    ]);
    expect((await signIn('new@cellar', 'four random words')).statusCode).toBe(200);
  });

  it('logging out ends the session', async () => {
    community = await startTestCommunity();
    const cookie = await community.cookieOf('anna');
    const out = await post('/api/auth/sign-out', {}, cookie);
    expect(out.json()).toEqual({ success: true });
    expect(out.cookies.every((one) => one.maxAge === 0)).toBe(true);
  });
});

describe('demo log-ins', () => {
  it('are refused by a real site, wherever they come from', async () => {
    community = await startTestCommunity();
    const refused = { status: 403, code: 'auth.demo-refused' };
    expect((await signIn('anna@demo', 'whatever it is')).json()).toMatchObject(refused);
    const body = { name: 'Carl', email: 'carl@demo', roles: ['member'], shares: 0 };
    expect((await post('/api/v1/members', body, await community.cookieOf('ada'))).json()).toMatchObject(refused);
    const setup = { token: community.adminToken, password: 'four random words', name: 'E', email: 'e@demo' };
    expect((await post('/api/v1/auth/accept', setup)).json()).toMatchObject(refused);
  });

  it('are let in by a demo', async () => {
    community = await startTestCommunity({ isDemo: true });
    const body = { name: 'Carl', email: 'carl@demo', roles: ['member'], shares: 0 };
    expect((await post('/api/v1/members', body, await community.cookieOf('ada'))).statusCode).toBe(201);
  });
});

describe('guessing', () => {
  it('ends after thirty tries a minute for one address, others are not locked out', async () => {
    community = await startTestCommunity();
    const answers = [];
    for (let n = 0; n < 31; n++) answers.push((await signIn('not-an-address', 'x')).statusCode);
    expect(new Set(answers.slice(0, 30))).toEqual(new Set([401]));
    const last = await signIn('not-an-address', 'x');
    expect(last.json()).toMatchObject({ status: 429, code: 'http.too-many-requests' });
    expect((await signIn('  Not-an-Address ', 'x')).statusCode).toBe(429);
    expect((await signIn('another-address', 'x')).statusCode).toBe(401);
  });
});
