/** A member's name and address change, shares are handed on, a member leaves. */
import { CodedError } from '@commonworks/core';
import { LeaveRequest, Member, MemberChange, ShareCount, ShareTransferRequest } from '@commonworks/core/api/index.ts';
import { alignLogIns } from '../../auth/align-log-ins.ts';
import { refuseDemoEmail } from '../../auth/demo-logins.ts';
import { once } from '../../control/idempotency.ts';
import type { Db } from '../../database.ts';
import { leaveCommunity } from '../../membership/leave.ts';
import { COMMUNITY_HOLDER, transferShares } from '../../register/holdings.ts';
import { changeMember, findMember, freeEmail } from '../../register/members.ts';
import { isDuplicate } from '../../sqlite-constraint.ts';
import { people, principalOf, roles } from '../access.ts';
import { type App, machinesChanged, nowMs, type Routes, workshopOf } from '../app.ts';
import { accepted } from '../problem.ts';
import { checkPresent, keepAnAdmin, readMember } from '../read-member.ts';
import { countShares } from './accounts.ts';
import { checkReason, IdempotencyHeaders, IdParam } from './parameters.ts';

export const membershipRoutes: Routes = (server, app) => {
  const tags = ['members'];
  server.patch(
    '/members/:id',
    {
      config: { access: roles('admin') },
      schema: {
        tags,
        summary: "Change a member's name or e-mail address; they log in with the new one",
        params: IdParam,
        body: MemberChange,
        response: { 200: Member },
      },
    },
    async (request) => {
      const { id } = await readMember(app, request.params.id);
      await applyChange(app, id, request.body);
      return await readMember(app, id);
    },
  );
  server.post(
    '/members/:id/leave',
    {
      config: { access: roles('admin') },
      schema: {
        tags,
        summary: 'A member leaves; shares are handed on before, history and statements stay',
        params: IdParam,
        body: LeaveRequest,
        response: { 200: Member },
      },
    },
    async (request) => {
      const { id } = await readMember(app, request.params.id);
      await leave(app, id, request.body.atMs);
      return await readMember(app, id);
    },
  );
  server.post(
    '/shares/transfers',
    {
      config: { access: people('treasurer', 'admin') },
      schema: {
        tags: ['accounts'],
        summary: 'Shares go from a member, or from what is unsold, to another',
        headers: IdempotencyHeaders,
        body: ShareTransferRequest,
        response: { 201: ShareCount },
      },
    },
    async (request, reply) => {
      const { body } = request;
      if (body.from === body.to) throw new CodedError('http.request-invalid', 'shares go from one holder to another');
      const reason = checkReason(body.reason);
      const key = request.headers['idempotency-key'];
      const { user } = principalOf(request);
      const named = key === undefined ? null : { principal: user, key, kind: 'share-transfer', body };
      const atMs = nowMs(app);
      const make = async (tx: Db) => {
        for (const holder of [body.from, body.to]) if (holder !== COMMUNITY_HOLDER) await checkPresent(tx, holder);
        const transfer = { ...body, reason, community: app.site.id, atMs };
        return String(accepted(await transferShares(tx, transfer)));
      };
      await app.db.transaction().execute((tx) => once(tx, named, { nowMs: atMs, make: () => make(tx) }));
      app.live.forget();
      return reply.code(201).send(await countShares(app));
    },
  );
};

/** The register first: when the log-in refuses the address, the register goes back; when the commit fails, the log-in does. */
async function applyChange(app: App, id: string, change: MemberChange): Promise<void> {
  if (change.email !== undefined) refuseDemoEmail(change.email, app.isDemo);
  if (change.name?.trim() === '') throw new CodedError('http.request-invalid', 'a member has a name');
  try {
    await app.db.transaction().execute(async (tx) => {
      if (change.email !== undefined) await freeEmail(tx, change.email);
      await changeMember(tx, id, change);
      const member = await findMember(tx, id, nowMs(app));
      if (member?.email == null || !app.logIn.members().has(id)) return;
      await app.logIn.change(id, { name: member.name, email: member.email });
    });
  } catch (error) {
    if (isDuplicate(error)) throw new CodedError('auth.email-taken', `${change.email} is registered already`);
    // What failed first is what is told; the next start tries again.
    await alignLogIns(app.db, app.logIn).catch(() => {});
    throw error;
  }
}

async function leave(app: App, member: string, atMs: number | undefined): Promise<void> {
  const machines = await app.db.transaction().execute(async (tx) => {
    // One look at the clock: what is asked for now must not be in the past by the time it is done.
    const now = nowMs(app);
    const ended = accepted(await leaveCommunity(tx, { member, atMs: atMs ?? now, nowMs: now }, workshopOf(app)));
    await keepAnAdmin(app, tx);
    // Last, so that nothing is refused after it; a log-in left behind would keep the address from the next one.
    await app.logIn.remove(member);
    return ended;
  });
  app.live.hub.drop((viewer) => viewer.member === member);
  machinesChanged(app, machines);
}
