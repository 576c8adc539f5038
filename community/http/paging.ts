/** Long lists page by time: newest first, `before` the last one's time, the next page named in a Link header. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';

export const PageQuery = Type.Object({
  before: Type.Optional(Type.Integer({ minimum: 0, description: 'only what is older than this time, UTC ms' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
});

const LIMIT_DEFAULT = 100;

export function pageOf(query: Static<typeof PageQuery>): { beforeMs: number; limit: number } {
  return { beforeMs: query.before ?? Number.MAX_SAFE_INTEGER, limit: query.limit ?? LIMIT_DEFAULT };
}

/** RFC 8288: a full page is followed by another. */
export function linkNext<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  list: { rows: T[]; limit: number; timeOf: (row: T) => number },
): T[] {
  const last = list.rows.at(-1);
  if (last !== undefined && list.rows.length >= list.limit) {
    const [path, asked] = request.url.split('?');
    const query = new URLSearchParams(asked);
    query.set('before', String(list.timeOf(last)));
    query.set('limit', String(list.limit));
    reply.header('link', `<${path}?${query}>; rel="next"`);
  }
  return list.rows;
}
