/** Finds out who asks: the service token, or the log-in's cookie and the register. Roles are always the register's. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Role } from '@commonworks/core/api/index.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LogIn } from '../auth/log-in.ts';
import type { Db } from '../database.ts';
import { type Principal, SERVICE } from './principal.ts';

export type Identify = (request: FastifyRequest, reply: FastifyReply) => Promise<Principal | null>;

export function createIdentify(options: { db: Db; logIn: LogIn; serviceToken: string; now: () => number }): Identify {
  const wanted = digest(options.serviceToken);
  return async (request, reply) => {
    const { authorization, cookie } = request.headers;
    if (authorization !== undefined) {
      const token = /^Bearer (\S{1,200})$/.exec(authorization)?.[1];
      return token !== undefined && timingSafeEqual(digest(token), wanted) ? SERVICE : null;
    }
    const session = await options.logIn.session(cookie);
    if (session === null) return null;
    for (const renewed of session.setCookies) reply.header('set-cookie', renewed);
    return await findPrincipal(options.db, session.member, options.now());
  };
}

/** Null for who is not in the register, or has left. */
export async function findPrincipal(db: Db, id: string, nowMs: number): Promise<Principal | null> {
  const row = await db.selectFrom('member').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined || (row.left_ms !== null && row.left_ms <= nowMs)) return null;
  return {
    user: row.id,
    member: row.id,
    name: row.name,
    email: row.email ?? '',
    roles: JSON.parse(row.roles) as Role[],
  };
}

/** Equal lengths for the comparison, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
