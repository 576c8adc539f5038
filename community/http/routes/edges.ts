/** Edges: which agents may connect to the broker. */
import { CodedError } from '@commonworks/core';
import { Edge, EdgeRequest, EdgeSecret } from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { hashSecret, newSecret } from '../../access-sync/secret-hash.ts';
import { newId } from '../../new-id.ts';
import { isDuplicate } from '../../sqlite-constraint.ts';
import { roles } from '../access.ts';
import { type App, nowMs, type Routes } from '../app.ts';
import { IdParam } from './parameters.ts';

const tags = ['places'];

export const edgeRoutes: Routes = (server, app) => {
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
  for (const [path, enabled, summary] of [
    ['revoke', 0, 'An edge that may connect no more'],
    ['enable', 1, 'An edge that was revoked may connect again, with the secret it has'],
  ] as const) {
    server.post(
      `/edges/:id/${path}`,
      {
        config: { access: roles('admin') },
        schema: { tags, summary, params: IdParam, response: { 200: Edge } },
      },
      (request) => setEnabled(app, request.params.id, enabled),
    );
  }
};

async function setEnabled(app: App, id: string, enabled: 0 | 1) {
  const row = await app.db
    .updateTable('edge')
    .set({ enabled })
    .where('id', '=', id)
    .returning(['id', 'name'])
    .executeTakeFirst();
  if (row === undefined) throw new CodedError('http.not-found', 'there is no such edge');
  edgesChanged(app);
  return { ...row, isEnabled: enabled === 1 };
}

function edgesChanged(app: App): void {
  app.accessChanged();
  app.live.forget();
}
