/** Every route says who may use it; the rule is checked before the body is read. */
import { CodedError } from '@commonworks/core';
import type { Role } from '@commonworks/core/api/index.ts';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { Identify } from './identify.ts';
import { hasRole, type Principal } from './principal.ts';

/**
 * `self`: the member in `:id`, or one of the roles; a stranger gets 404, so that ids cannot be tried out.
 * `roles`: one of them, else 403; `isForPeople` keeps out the service, which answers to nobody.
 */
export type Access =
  | { readonly who: 'public' }
  | { readonly who: 'anybody-logged-in' }
  | { readonly who: 'self'; readonly or: readonly Role[] }
  | { readonly who: 'roles'; readonly roles: readonly Role[]; readonly isForPeople?: true };

export const PUBLIC: Access = { who: 'public' };
export const LOGGED_IN: Access = { who: 'anybody-logged-in' };
export const roles = (...names: Role[]): Access => ({ who: 'roles', roles: names });
export const people = (...names: Role[]): Access => ({ who: 'roles', roles: names, isForPeople: true });
export const selfOr = (...names: Role[]): Access => ({ who: 'self', or: names });

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    principal: Principal | null;
  }
}

/** Every route of the server as it is registered, plugins' own included. */
export type RouteRule = { readonly method: string; readonly url: string; readonly access: Access };

/** A route without a rule stops the start: a forgotten one must not become a public one. */
export function collectRules(server: FastifyInstance): () => RouteRule[] {
  const routes: RouteOptions[] = [];
  server.addHook('onRoute', (route) => void routes.push(route));
  const rules = () =>
    routes.flatMap((route) =>
      [route.method].flat().map((method) => {
        const access = route.config?.access;
        if (access === undefined) throw new Error(`${method} ${route.url} declares no access rule`);
        return { method, url: route.url, access };
      }),
    );
  server.addHook('onReady', async () => void rules());
  return rules;
}

/** For plugins whose routes know nothing of rules: everything they register is public. */
export function allPublic(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: PUBLIC };
  });
}

/** Nobody is looked up for a public route: a wrong cookie must not keep anybody from the log-in page. */
export function checkAccess(server: FastifyInstance, identify: Identify): void {
  server.decorateRequest('principal', null);
  server.addHook('onRequest', async (request, reply) => {
    if (request.is404) return;
    const access = request.routeOptions.config.access;
    if (access === undefined) throw new CodedError('http.forbidden', 'this route has no access rule');
    if (access.who === 'public') return;
    request.principal = await identify(request, reply);
    decide(access, request);
  });
}

function decide(access: Exclude<Access, { who: 'public' }>, request: FastifyRequest): void {
  const { principal } = request;
  if (principal === null) throw new CodedError('http.not-logged-in', 'nobody is logged in');
  switch (access.who) {
    case 'anybody-logged-in':
      return;
    case 'roles':
      if (!hasRole(principal, access.roles)) {
        throw new CodedError('http.forbidden', `this needs the role ${access.roles.join(' or ')}`);
      }
      if (access.isForPeople && principal.member === null) {
        throw new CodedError('http.forbidden', 'this is done by a member who is logged in, not by a program');
      }
      return;
    case 'self':
      if (principal.member !== null && (request.params as { id?: string }).id === principal.member) return;
      if (!hasRole(principal, access.or)) throw new CodedError('http.not-found', 'nothing of yours is here');
      return;
    default:
      access satisfies never;
  }
}

/** For handlers behind a rule other than `public`. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new CodedError('http.not-logged-in', 'nobody is logged in');
  return request.principal;
}

/** For what only a person can do (book, badge in). */
export function memberOf(request: FastifyRequest): string {
  const { member } = principalOf(request);
  if (member === null) throw new CodedError('workshop.not-a-member', 'the service is nobody: it books no machine');
  return member;
}
