/** Log-ins: made by links, not by sign-up; wrong passwords and spent links are refused. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isDemoEmail, refuseDemoEmail } from './demo-logins.ts';
import { loginEmail, openLogIn } from './log-in.ts';

const MEMBER = '00000000-0000-7000-8000-000000000002';

async function open(now = () => Date.now()) {
  return await openLogIn({
    file: ':memory:',
    secret: 'a secret of at least thirty-two characters',
    publicUrl: 'http://127.0.0.1:8880',
    cookiePrefix: 'test',
    now,
    log: () => {},
  });
}

type LogIn = Awaited<ReturnType<typeof open>>;

function post(logIn: LogIn, path: string, body: unknown): Promise<Response> {
  return logIn.handle(
    new Request(`http://127.0.0.1:8880/api/auth/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'http://127.0.0.1:8880' },
      body: JSON.stringify(body),
    }),
  );
}

describe('log-in', () => {
  it('lets in who has the password, as the member they are', async () => {
    const logIn = await open();
    const password = await logIn.hashPassword('four random words');
    await logIn.create({ member: MEMBER, name: 'Anna', email: 'Anna@demo', password });
    const answer = await post(logIn, 'sign-in/email', {
      email: loginEmail('anna@demo'),
      password: 'four random words',
    });
    expect(answer.status).toBe(200);
    const cookies = answer.headers.getSetCookie();
    expect(cookies.every((cookie) => /HttpOnly/i.test(cookie) && /SameSite=Lax/i.test(cookie))).toBe(true);
    const cookie = cookies.map((one) => one.split(';')[0]).join('; ');
    expect((await logIn.session(cookie))?.member).toBe(MEMBER);
    expect(logIn.members()).toEqual(new Set([MEMBER]));
    await logIn.setPassword(MEMBER, await logIn.hashPassword('another four words'));
    const wrong = await post(logIn, 'sign-in/email', { email: loginEmail('anna@demo'), password: 'four random words' });
    expect(wrong.status).toBe(401);
    logIn.close();
  });

  it('has no sign-up, and takes no cookie of another server', async () => {
    const logIn = await open();
    const answer = await post(logIn, 'sign-up/email', {
      name: 'Eve',
      email: 'eve@example.org',
      password: 'x'.repeat(12),
    });
    expect(answer.status).toBe(400);
    expect(await logIn.session('test.session_token=forged.AAAA')).toBeNull();
    expect(await logIn.session(undefined)).toBeNull();
    logIn.close();
  });

  it('refuses short passwords and a second log-in with the same address', async () => {
    const logIn = await open();
    await expect(logIn.hashPassword('short')).rejects.toMatchObject({ code: 'auth.password-weak' });
    const password = await logIn.hashPassword('long enough now');
    const login = { member: MEMBER, name: 'Anna', email: 'anna@example.org', password };
    await logIn.create(login);
    const second = { ...login, member: MEMBER.replace('2', '3') };
    await expect(logIn.create(second)).rejects.toMatchObject({ code: 'auth.email-taken' });
    logIn.close();
  });
});

describe('links', () => {
  it('work once, and again only when what they were for failed', async () => {
    const logIn = await open();
    const { token } = logIn.links.create('invite', MEMBER);
    await expect(logIn.links.use(token, () => Promise.reject(new Error('disk')))).rejects.toThrow('disk');
    expect(await logIn.links.use(token, async (link) => link.member)).toBe(MEMBER);
    await expect(logIn.links.use(token, async () => 1)).rejects.toMatchObject({ code: 'auth.link-spent' });
    logIn.close();
  });

  it('end: a week for an invite, and when a newer one is made', async () => {
    let nowMs = 1_000_000;
    const logIn = await open(() => nowMs);
    const first = logIn.links.create('invite', MEMBER);
    const second = logIn.links.create('reset', MEMBER);
    expect(logIn.links.look(first.token)).toBeNull();
    expect(logIn.links.look(second.token)).toMatchObject({ purpose: 'reset', member: MEMBER });
    nowMs = second.expiresMs;
    expect(logIn.links.look(second.token)).toBeNull();
    logIn.close();
  });

  it('of two uses at the same time one wins', async () => {
    const logIn = await open();
    logIn.links.admit(createHash('sha256').update('token').digest('hex'), Date.now() + 1000);
    const uses = await Promise.allSettled([1, 2].map((n) => logIn.links.use('token', async () => n)));
    expect(uses.map((use) => use.status).sort()).toEqual(['fulfilled', 'rejected']);
    logIn.close();
  });
});

describe('demo log-ins', () => {
  it('are refused by a real site', () => {
    expect(isDemoEmail(' Anna@Demo ')).toBe(true);
    expect(isDemoEmail('anna@demo.example')).toBe(false);
    expect(() => refuseDemoEmail('anna@demo', false)).toThrow('real site');
    refuseDemoEmail('anna@demo', true);
  });
});
