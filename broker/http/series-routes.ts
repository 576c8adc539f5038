/** GET /series and /series/last: pages of the series, for as long as somebody waits for them. */
import { LAST_PAGE_MAX, SERIES_PAGE_MAX } from '@commonworks/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Queries } from '../ingest/queries.ts';

/** What a Date can hold. */
const TIME_MAX_MS = 8.64e15;

const Name = Type.String({ maxLength: 80 });
const Time = Type.Integer({ minimum: 0, maximum: TIME_MAX_MS });
const RangeQuery = Type.Object({
  edge: Name,
  device: Name,
  point: Name,
  fromMs: Time,
  toMs: Time,
  limit: Type.Integer({ minimum: 1, maximum: SERIES_PAGE_MAX, default: SERIES_PAGE_MAX }),
});
const LastQuery = Type.Object({
  edge: Type.Optional(Name),
  after: Type.Optional(Type.String({ maxLength: 250, pattern: '^[^/]+/.+/[^/]+$' })),
  limit: Type.Integer({ minimum: 1, maximum: LAST_PAGE_MAX, default: LAST_PAGE_MAX }),
});

export function addSeriesRoutes(app: FastifyInstance, queries: Pick<Queries, 'range' | 'last'>): void {
  app.get<{ Querystring: Type.Static<typeof RangeQuery> }>(
    '/series',
    { schema: { querystring: RangeQuery } },
    async ({ query }, reply) => {
      const { edge, device, point, fromMs, toMs, limit } = query;
      const ask = { key: { edge, device, point }, span: { fromMs, toMs }, limit };
      return sendText(reply, await queries.range(ask, whileWaitedFor(reply)));
    },
  );
  app.get<{ Querystring: Type.Static<typeof LastQuery> }>(
    '/series/last',
    { schema: { querystring: LastQuery } },
    async ({ query }, reply) => sendText(reply, await queries.last(query, whileWaitedFor(reply))),
  );
}

function whileWaitedFor(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.on('close', () => gone.abort());
  return gone.signal;
}

function sendText(reply: FastifyReply, json: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(json);
}
