/** Metering points: what is measured, by which meter, what may flow there, and what its registers did that was odd. */
import { CodedError, TimeMs } from '@commonworks/core';
import {
  AssignmentRequest,
  MeteringPoint,
  PointChange,
  PointRequest,
  RegisterJudgement,
} from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { listJudgements } from '../../metering/list-judgements.ts';
import { newId } from '../../new-id.ts';
import { addPoint, assignDevice, listPoints, setRatedPower } from '../../register/points.ts';
import { openSpans } from '../../settlement/periods.ts';
import { isTriggerAbort } from '../../sqlite-constraint.ts';
import { roles } from '../access.ts';
import { type App, nowMs, type Routes, type Server } from '../app.ts';
import { linkNext, PageQuery, pageOf } from '../paging.ts';
import { checkPresent } from '../read-member.ts';
import { IdParam } from './parameters.ts';

const STAFF = roles('operator', 'treasurer', 'admin');
const tags = ['places'];

export const meteringPointRoutes: Routes = (server, app) => {
  registration(server, app);
  assignment(server, app);
  change(server, app);
  judgements(server, app);
};

function registration(server: Server, app: App): void {
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
      await app.db.transaction().execute(async (tx) => {
        if (point.member !== null) await checkPresent(tx, point.member);
        await addPoint(tx, { community: app.site.id, ...point });
      });
      app.live.forget();
      return reply.code(201).send({ ...point, ratedPowerW: point.ratedPowerW ?? null, assignments: [] });
    },
  );
}

function assignment(server: Server, app: App): void {
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
      const { member } = await readPoint(app, id);
      try {
        await app.db.transaction().execute(async (tx) => {
          // Who lives there next gets a point of their own, whose energy is theirs.
          if (member !== null) await checkPresent(tx, member);
          await assignDevice(tx, id, { ...request.body, toMs: null });
        });
      } catch (error) {
        if (isTriggerAbort(error)) throw new CodedError('http.request-invalid', 'another assignment begins later');
        throw error;
      }
      app.live.forget();
      return reply.code(201).send(await readPoint(app, id));
    },
  );
}

function change(server: Server, app: App): void {
  server.patch(
    '/metering-points/:id',
    {
      config: { access: roles('admin') },
      schema: {
        tags,
        summary: 'Set the most a connection can carry; intervals that are not settled are derived again',
        params: IdParam,
        body: PointChange,
        response: { 200: MeteringPoint },
      },
    },
    async (request) => {
      const { id } = request.params;
      await readPoint(app, id);
      await app.db.transaction().execute(async (tx) => {
        await setRatedPower(tx, { id, ...request.body }, await openSpans(tx));
      });
      app.live.forget();
      return await readPoint(app, id);
    },
  );
}

function judgements(server: Server, app: App): void {
  server.get(
    '/metering-points/:id/judgements',
    {
      config: { access: STAFF },
      schema: {
        tags,
        summary: 'Steps of its registers that were not plain rises, and what was counted for them, newest first',
        params: IdParam,
        querystring: Type.Object({
          fromMs: Type.Optional(TimeMs),
          toMs: Type.Optional(TimeMs),
          ...PageQuery.properties,
        }),
        response: { 200: Type.Array(RegisterJudgement) },
      },
    },
    async (request, reply) => {
      const { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = request.query;
      const page = pageOf(request.query);
      const { no } = await readPoint(app, request.params.id);
      const span = { fromMs, toMs: Math.min(toMs, page.beforeMs) };
      const rows = await listJudgements(app.db, no, { span, limit: page.limit });
      return linkNext(request, reply, { rows, limit: page.limit, timeOf: (row) => row.timeMs });
    },
  );
}

async function readPoint(app: App, id: string) {
  const point = (await listPoints(app.db)).find((one) => one.id === id);
  if (point === undefined) throw new CodedError('http.not-found', 'there is no such metering point');
  return { ...point, assignments: [...point.assignments] };
}
