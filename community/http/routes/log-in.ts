/** Log in and out, and setting a password by a link. */
import { CodedError } from '@commonworks/core';
import { Accepted, AcceptRequest, LinkInfo, LinkRequest } from '@commonworks/core/api/index.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { spendAdminToken } from '../../auth/admin-token.ts';
import { isDemoEmail, refuseDemoEmail } from '../../auth/demo-logins.ts';
import type { Link } from '../../auth/link-store.ts';
import { type HashedPassword, loginEmail } from '../../auth/log-in.ts';
import type { Db } from '../../database.ts';
import { newId } from '../../new-id.ts';
import { addMember, findMember, freeEmail } from '../../register/members.ts';
import { isDuplicate } from '../../sqlite-constraint.ts';
import { PUBLIC } from '../access.ts';
import { type App, nowMs, type Server } from '../app.ts';

/** Guesses per minute: for one address from one place, and from one place altogether. */
const TRIES_MAX = { address: 30, place: 120 } as const;
const TRIES_WINDOW = '1 minute';
const tags = ['log-in'];

/** Below /api/auth, where better-auth's own clients look for them. */
export function logInRoutes(server: Server, app: App): void {
  const byPlace = limitByPlace(server);
  const byAddress = server.rateLimit({
    max: TRIES_MAX.address,
    timeWindow: TRIES_WINDOW,
    // As it is looked up: spaces and capitals must not make it another address.
    keyGenerator: (request) => `${request.ip} ${loginEmail(String((request.body as { email?: unknown }).email))}`,
  });
  server.post(
    '/sign-in/email',
    {
      config: { access: PUBLIC },
      preHandler: [byPlace, byAddress],
      schema: {
        tags,
        summary: 'Log in; sets an httpOnly cookie',
        body: Type.Object({
          email: Type.String({ minLength: 3, maxLength: 200 }),
          password: Type.String({ maxLength: 200 }),
          rememberMe: Type.Optional(Type.Boolean()),
        }),
        response: { 200: Type.Object({ user: Type.String(), name: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { email, password, rememberMe = true } = request.body;
      refuseDemoEmail(email, app.isDemo);
      const body = { email: loginEmail(email), password, rememberMe };
      const answer = await forward(app, request, { path: 'sign-in/email', body });
      if (answer.status === 401 || answer.status === 400) {
        throw new CodedError('auth.wrong-password', 'the e-mail address and the password do not belong together');
      }
      passCookies(answer, reply);
      const { user } = (await answer.json()) as { user: { id: string; name: string } };
      return { user: user.id, name: user.name };
    },
  );
  server.post(
    '/sign-out',
    {
      config: { access: PUBLIC },
      schema: { tags, summary: 'Log out', response: { 200: Type.Object({ success: Type.Boolean() }) } },
    },
    async (request, reply) => {
      passCookies(await forward(app, request, { path: 'sign-out', body: {} }), reply);
      return { success: true };
    },
  );
}

/** One limit a route is what the plugin's hook does; the second is asked by hand. */
function limitByPlace(server: Server) {
  const check = server.createRateLimit({ max: TRIES_MAX.place, timeWindow: TRIES_WINDOW });
  return async (request: FastifyRequest): Promise<void> => {
    const limit = await check(request);
    if (!limit.isAllowed && limit.isExceeded) {
      throw new CodedError('http.too-many-requests', 'too many attempts from this address in a minute');
    }
  };
}

/** Host and origin were checked before; better-auth sees its own address. */
async function forward(app: App, request: FastifyRequest, to: { path: string; body: object }): Promise<Response> {
  const headers = new Headers({ 'content-type': 'application/json', origin: new URL(app.publicUrl).origin });
  headers.set('x-forwarded-for', request.ip);
  if (request.headers.cookie !== undefined) headers.set('cookie', request.headers.cookie);
  if (request.headers['user-agent'] !== undefined) headers.set('user-agent', request.headers['user-agent']);
  const url = `${app.publicUrl}/api/auth/${to.path}`;
  const answer = await app.logIn.handle(new Request(url, { method: 'POST', headers, body: JSON.stringify(to.body) }));
  if (answer.status >= 500 || answer.status === 403) throw new Error(`the log-in answered ${answer.status}`);
  return answer;
}

function passCookies(answer: Response, reply: FastifyReply): void {
  for (const cookie of answer.headers.getSetCookie()) reply.header('set-cookie', cookie);
}

/** Below /api/v1. */
export function linkRoutes(server: Server, app: App): void {
  const preHandler = limitByPlace(server);
  server.post(
    '/auth/link',
    {
      config: { access: PUBLIC },
      preHandler,
      schema: { tags, summary: 'What a link is for', body: LinkRequest, response: { 200: LinkInfo } },
    },
    async (request) => {
      const link = app.logIn.links.look(request.body.token);
      if (link === null) throw spent();
      const member = link.member === null ? null : await findMember(app.db, link.member, nowMs(app));
      const { purpose, expiresMs } = link;
      return { purpose, expiresMs, name: member?.name ?? null, email: member?.email ?? null };
    },
  );
  server.post(
    '/auth/accept',
    {
      config: { access: PUBLIC },
      preHandler,
      schema: {
        tags,
        summary: 'Set a password by a link of setup, invite or reset; then log in',
        body: AcceptRequest,
        response: { 200: Accepted },
      },
    },
    async (request) => {
      const { token, ...body } = request.body;
      if (app.logIn.links.look(token) === null) throw spent();
      const password = await app.logIn.hashPassword(body.password);
      return await app.logIn.links.use(token, (link) =>
        link.member === null ? makeFirstAdmin(app, { ...body, password }) : setPassword(app, link, password),
      );
    },
  );
}

const spent = () => new CodedError('auth.link-spent', 'this link was used, has expired, or is not ours');

/** In one transaction: nobody leaves, or gets another address, between the look at the register and the log-in. */
async function setPassword(app: App, link: Link, password: HashedPassword) {
  return await app.db.transaction().execute((tx) => setPasswordIn(tx, app, { link, password }));
}

async function setPasswordIn(tx: Db, app: App, { link, password }: { link: Link; password: HashedPassword }) {
  const member = link.member === null ? null : await findMember(tx, link.member, nowMs(app));
  if (member?.email == null) throw new CodedError('auth.link-spent', 'the member of this link has no e-mail address');
  if (member.leftMs !== null) throw new CodedError('auth.link-spent', 'the member of this link has left');
  refuseDemoEmail(member.email, app.isDemo);
  if (app.logIn.members().has(member.id)) await app.logIn.setPassword(member.id, password);
  else await app.logIn.create({ member: member.id, name: member.name, email: member.email, password });
  return { member: member.id, email: member.email };
}

type Setup = { name?: string; email?: string; password: HashedPassword };

async function makeFirstAdmin(app: App, { name, email, password }: Setup) {
  if (name === undefined || email === undefined) {
    throw new CodedError('http.request-invalid', 'the first admin needs a name and an e-mail address');
  }
  if (isDemoEmail(email)) refuseDemoEmail(email, app.isDemo);
  const joinedMs = nowMs(app);
  const id = newId(joinedMs);
  try {
    await app.db.transaction().execute(async (tx) => {
      await freeEmail(tx, email);
      await addMember(tx, { community: app.site.id, id, name: name.trim(), email, roles: ['admin'], joinedMs });
      await app.logIn.create({ member: id, name: name.trim(), email, password });
    });
  } catch (error) {
    if (isDuplicate(error)) throw new CodedError('auth.email-taken', `${email} is registered already`);
    throw error;
  }
  spendAdminToken(app.adminTokenFile);
  return { member: id, email: email.toLowerCase() };
}
