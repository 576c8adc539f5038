/** Members: the register, and the links that let people set a password. */
import { CodedError } from '@commonworks/core';
import {
  InvitedMember,
  InviteLink,
  Member,
  MemberRequest,
  type Role,
  RolesRequest,
} from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { refuseDemoEmail } from '../../auth/demo-logins.ts';
import { newId } from '../../new-id.ts';
import { COMMUNITY_HOLDER, transferShares } from '../../register/holdings.ts';
import { addMember, freeEmail, listMembers, setRoles } from '../../register/members.ts';
import { isDuplicate } from '../../sqlite-constraint.ts';
import { LOGGED_IN, principalOf, roles } from '../access.ts';
import { type App, nowMs, type Routes } from '../app.ts';
import { hasRole } from '../principal.ts';
import { accepted } from '../problem.ts';
import { keepAnAdmin, readMember, readPresentMember } from '../read-member.ts';
import { IdParam } from './parameters.ts';

const STAFF: readonly Role[] = ['operator', 'treasurer', 'admin'];

export const memberRoutes: Routes = (server, app) => {
  const tags = ['members'];
  server.get(
    '/members',
    {
      config: { access: LOGGED_IN },
      schema: {
        tags,
        summary: 'All members for staff; a member sees only themselves',
        response: { 200: Type.Array(Member) },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const logins = app.logIn.members();
      const all = await listMembers(app.db, nowMs(app));
      const seen = hasRole(principal, STAFF) ? all : all.filter((member) => member.id === principal.member);
      return seen.map((member) => ({ ...member, hasLogin: logins.has(member.id) }));
    },
  );
  server.post(
    '/members',
    {
      config: { access: roles('admin') },
      schema: {
        tags,
        summary: 'Register a member; the answer has a link to hand over, it works once',
        body: MemberRequest,
        response: { 201: InvitedMember },
      },
    },
    async (request, reply) => {
      const id = await registerMember(app, request.body);
      const link = inviteLink(app, 'invite', id);
      return reply.code(201).send({ member: await readMember(app, id), ...link });
    },
  );
  server.put(
    '/members/:id/roles',
    {
      config: { access: roles('admin') },
      schema: { tags, summary: 'Give and take roles', params: IdParam, body: RolesRequest, response: { 200: Member } },
    },
    async (request) => {
      const member = await readPresentMember(app, request.params.id);
      await app.db.transaction().execute(async (tx) => {
        await setRoles(tx, member.id, request.body.roles);
        await keepAnAdmin(app, tx);
      });
      return await readMember(app, member.id);
    },
  );
  for (const [path, purpose, summary] of [
    ['invite', 'invite', 'A new link for a member who has no log-in yet'],
    ['reset-link', 'reset', 'A link to set a new password'],
  ] as const) {
    server.post(
      `/members/:id/${path}`,
      {
        config: { access: roles('admin') },
        schema: { tags, summary, params: IdParam, response: { 200: InviteLink } },
      },
      async (request) => {
        const member = await readPresentMember(app, request.params.id);
        if (member.email === null) throw new CodedError('http.request-invalid', 'the member has no e-mail address');
        return inviteLink(app, member.hasLogin ? 'reset' : purpose, member.id);
      },
    );
  }
};

/** A link of `reset` also serves who never had a password: it makes the log-in. */
function inviteLink(app: App, purpose: 'invite' | 'reset', member: string) {
  const { token, expiresMs } = app.logIn.links.create(purpose, member);
  return { url: `${app.publicUrl}/${purpose}?token=${token}`, expiresMs };
}

type NewMember = { name: string; email: string; roles: Role[]; shares: number };

async function registerMember(app: App, request: NewMember): Promise<string> {
  refuseDemoEmail(request.email, app.isDemo);
  const atMs = nowMs(app);
  const id = newId(atMs);
  const community = app.site.id;
  try {
    await app.db.transaction().execute(async (tx) => {
      const { name, email } = request;
      await freeEmail(tx, email);
      await addMember(tx, { community, id, name: name.trim(), email, roles: request.roles, joinedMs: atMs });
      if (request.shares === 0) return;
      const transfer = { community, from: COMMUNITY_HOLDER, to: id, shares: request.shares, atMs, reason: 'joined' };
      accepted(await transferShares(tx, transfer));
    });
  } catch (error) {
    if (isDuplicate(error)) throw new CodedError('auth.email-taken', `${request.email} is registered already`);
    throw error;
  }
  app.live.forget();
  return id;
}
