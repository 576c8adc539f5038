/** Metering points and what measures them. */
import { CodedError } from '@commonworks/core';
import { AssignmentRequest, MeteringPoint, PointRequest } from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { newId } from '../../new-id.ts';
import { addPoint, assignDevice, listPoints } from '../../register/points.ts';
import { isTriggerAbort, isUnknownReference } from '../../sqlite-constraint.ts';
import { roles } from '../access.ts';
import { type App, nowMs, type Routes, type Server } from '../app.ts';
import { IdParam } from './parameters.ts';

const STAFF = roles('operator', 'treasurer', 'admin');
const tags = ['places'];

export const placeRoutes: Routes = (server, app) => {
  pointRoutes(server, app);
};

function pointRoutes(server: Server, app: App): void {
  server.get(
    '/metering-points',
    {
      config: { access: STAFF },
      schema: { tags, summary: 'Metering points and what measures them', response: { 200: Type.Array(MeteringPoint) } },
    },
    async () => (await listPoints(app.db)).map((point) => ({ ...point, assignments: [...point.assignments] })),
  );
  server.post(
    '/metering-points',
    {
      config: { access: roles('admin') },
      schema: { tags, summary: 'Register a metering point', body: PointRequest, response: { 201: MeteringPoint } },
    },
    async (request, reply) => {
      const point = { id: newId(nowMs(app)), ...request.body };
      try {
        await addPoint(app.db, { community: app.site.id, ...point });
      } catch (error) {
        if (isUnknownReference(error)) throw new CodedError('http.not-found', 'there is no such member');
        throw error;
      }
      app.live.forget();
      return reply.code(201).send({ ...point, assignments: [] });
    },
  );
  server.post(
    '/metering-points/:id/assignments',
    {
      config: { access: roles('admin') },
      schema: {
        tags,
        summary: 'From then on this device measures the point; an earlier one ends',
        params: IdParam,
        body: AssignmentRequest,
        response: { 201: MeteringPoint },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await readPoint(app, id);
      try {
        await app.db.transaction().execute((tx) => assignDevice(tx, id, { ...request.body, toMs: null }));
      } catch (error) {
        if (isTriggerAbort(error)) throw new CodedError('http.request-invalid', 'another assignment begins later');
        throw error;
      }
      app.live.forget();
      return reply.code(201).send(await readPoint(app, id));
    },
  );
}

async function readPoint(app: App, id: string) {
  const point = (await listPoints(app.db)).find((one) => one.id === id);
  if (point === undefined) throw new CodedError('http.not-found', 'there is no such metering point');
  return { ...point, assignments: [...point.assignments] };
}
