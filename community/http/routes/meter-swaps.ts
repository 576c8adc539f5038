/** The exchange of a metering point's meter, told by an admin who has both registers. */
import { CodedError } from '@commonworks/core';
import { MeterSwap, SwapRequest } from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { nameReferences, readNames } from '../../closing/names.ts';
import { listSwaps, recordSwap } from '../../meter-swap/record-swap.ts';
import { listPoints, type PointRecord } from '../../register/points.ts';
import { isTriggerAbort } from '../../sqlite-constraint.ts';
import { people, principalOf, roles } from '../access.ts';
import { type App, nowMs, type Routes } from '../app.ts';
import { accepted } from '../problem.ts';
import { checkPresent } from '../read-member.ts';
import { checkReason, IdParam } from './parameters.ts';

const tags = ['places'];

export const meterSwapRoutes: Routes = (server, app) => {
  server.get(
    '/metering-points/:id/swaps',
    {
      config: { access: roles('operator', 'treasurer', 'admin') },
      schema: {
        tags,
        summary: 'Exchanges of its meter, newest first, with the registers that were read',
        params: IdParam,
        response: { 200: Type.Array(MeterSwap) },
      },
    },
    async (request) => swapsOf(app, await readPoint(app, request.params.id)),
  );
  server.post(
    '/metering-points/:id/swaps',
    {
      config: { access: people('admin') },
      schema: {
        tags,
        summary: 'Its meter was exchanged: what both showed, so that no interval is lost',
        params: IdParam,
        body: SwapRequest,
        response: { 201: Type.Array(MeterSwap) },
      },
    },
    async (request, reply) => {
      const point = await readPoint(app, request.params.id);
      const body = { ...request.body, reason: checkReason(request.body.reason) };
      const order = { point, request: body, author: principalOf(request).user, nowMs: nowMs(app), zone: app.site.zone };
      try {
        await app.db.transaction().execute(async (tx) => {
          if (point.member !== null) await checkPresent(tx, point.member);
          accepted(await recordSwap(tx, order));
        });
      } catch (error) {
        if (isTriggerAbort(error)) throw new CodedError('community.swap-refused', 'another assignment begins later');
        throw error;
      }
      app.live.forget();
      return reply.code(201).send(await swapsOf(app, point));
    },
  );
};

async function readPoint(app: App, id: string): Promise<PointRecord> {
  const point = (await listPoints(app.db)).find((one) => one.id === id);
  if (point === undefined) throw new CodedError('http.not-found', 'there is no such metering point');
  return point;
}

async function swapsOf(app: App, point: PointRecord): Promise<MeterSwap[]> {
  const names = await readNames(app.db);
  return (await listSwaps(app.db, point.no)).map((swap) => ({ ...swap, author: nameReferences(swap.author, names) }));
}
