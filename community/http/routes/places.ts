/** Edges and badges: what admins register besides metering points and machines. */
import { CodedError } from '@commonworks/core';
import { BadgeRequest, Edge, EdgeRequest, EdgeSecret } from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { hashSecret, newSecret } from '../../access-sync/secret-hash.ts';
import { newId } from '../../new-id.ts';
import { isDuplicate, isUnknownReference } from '../../sqlite-constraint.ts';
import { roles } from '../access.ts';
import { type App, nowMs, type Routes, type Server } from '../app.ts';
import { IdParam } from './parameters.ts';

const tags = ['places'];

export const placeRoutes: Routes = (server, app) => {
  edgeRoutes(server, app);
  badgeRevocation(server, app);
  server.post(
    '/badges',
    {
      config: { access: roles('admin') },
      schema: { tags, summary: 'Give a member a badge', body: BadgeRequest, response: { 201: BadgeRequest } },
    },
    async (request, reply) => {
      const { badge, member } = request.body;
      try {
        await app.db
          .insertInto('badge')
          .values({ badge, member, community: app.site.id, revoked_ms: null })
          .onConflict((conflict) => conflict.column('badge').doUpdateSet({ member, revoked_ms: null }))
          .execute();
      } catch (error) {
        if (isUnknownReference(error)) throw new CodedError('http.not-found', 'there is no such member');
        throw error;
      }
      return reply.code(201).send(request.body);
    },
  );
};

function badgeRevocation(server: Server, app: App): void {
  server.post(
    '/badges/:id/revoke',
    {
      config: { access: roles('admin') },
      schema: {
        tags,
        summary: 'A badge that opens nothing any more',
        params: Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
        response: { 200: BadgeRequest },
      },
    },
    async (request) => {
      const row = await app.db
        .updateTable('badge')
        .set({ revoked_ms: nowMs(app) })
        .where('badge', '=', request.params.id)
        .returning(['badge', 'member'])
        .executeTakeFirst();
      if (row === undefined) throw new CodedError('http.not-found', 'there is no such badge');
      return row;
    },
  );
}

function edgeRoutes(server: Server, app: App): void {
  server.get(
    '/edges',
    {
      config: { access: roles('operator', 'admin') },
      schema: { tags, summary: 'Edges that may connect', response: { 200: Type.Array(Edge) } },
    },
    async () => {
      const rows = await app.db.selectFrom('edge').selectAll().orderBy('name').execute();
      return rows.map((row) => ({ id: row.id, name: row.name, isEnabled: row.enabled === 1 }));
    },
  );
  server.post(
    '/edges',
    {
      config: { access: roles('admin') },
      schema: {
        tags,
        summary: 'Register an edge; its secret is shown this once',
        body: EdgeRequest,
        response: { 201: EdgeSecret },
      },
    },
    async (request, reply) => {
      const { name } = request.body;
      const id = newId(nowMs(app));
      const secret = newSecret();
      const row = { id, name, community: app.site.id, secret_hash: hashSecret(secret) };
      try {
        await app.db.insertInto('edge').values(row).execute();
      } catch (error) {
        if (isDuplicate(error)) throw new CodedError('http.request-invalid', `there is an edge ${name} already`);
        throw error;
      }
      edgesChanged(app);
      return reply.code(201).send({ edge: { id, name, isEnabled: true }, secret, community: app.site.id });
    },
  );
  server.post(
    '/edges/:id/revoke',
    {
      config: { access: roles('admin') },
      schema: { tags, summary: 'An edge that may connect no more', params: IdParam, response: { 200: Edge } },
    },
    async (request) => {
      const { id } = request.params;
      const row = await app.db
        .updateTable('edge')
        .set({ enabled: 0 })
        .where('id', '=', id)
        .returning(['id', 'name'])
        .executeTakeFirst();
      if (row === undefined) throw new CodedError('http.not-found', 'there is no such edge');
      edgesChanged(app);
      return { ...row, isEnabled: false };
    },
  );
}

function edgesChanged(app: App): void {
  app.accessChanged();
  app.live.forget();
}
