/** Which page stands at which address, and who may see it. */
import type { Me, Role } from '@commonworks/core/api/index.ts';
import { hasRole } from '../state/app.ts';
import type { IconName } from '../ui/icons.tsx';

export type PageName = 'community' | 'share' | 'machines' | 'operator' | 'treasury' | 'people';
export type Route = {
  readonly name: PageName;
  readonly path: string;
  readonly icon: IconName;
  readonly roles: readonly Role[];
};

/** An empty list of roles: everybody who is logged in. */
export const ROUTES: readonly Route[] = [
  { name: 'community', path: '/', icon: 'community', roles: [] },
  { name: 'share', path: '/share', icon: 'share', roles: [] },
  { name: 'machines', path: '/machines', icon: 'machines', roles: [] },
  { name: 'operator', path: '/operator', icon: 'operator', roles: ['operator', 'admin'] },
  { name: 'treasury', path: '/treasury', icon: 'treasury', roles: ['treasurer', 'admin'] },
  { name: 'people', path: '/people', icon: 'people', roles: ['admin'] },
];

const ACCEPT_KINDS = { '/setup': 'setup', '/invite': 'invite', '/reset': 'reset' } as const;
export type AcceptKind = (typeof ACCEPT_KINDS)[keyof typeof ACCEPT_KINDS];

/** Pages of a link that was handed over: nobody need be signed in. */
export function acceptKind(path: string): AcceptKind | undefined {
  return Object.entries(ACCEPT_KINDS).find(([prefix]) => path === prefix)?.[1];
}

export function maySee(route: Route, me: Me | null): boolean {
  return route.roles.length === 0 || hasRole(me, ...route.roles);
}

export function routeOf(path: string): Route | undefined {
  return ROUTES.find((route) =>
    route.path === '/' ? path === '/' : path === route.path || path.startsWith(`${route.path}/`),
  );
}

/** Where treasurers and admins read the statements of a member; with a month behind it, one of them. */
export function statementsPath(member: string): string {
  return `/treasury/statements/${encodeURIComponent(member)}`;
}

/** What `statementsPath` was made of; null anywhere else. */
export function memberOfPath(path: string): { readonly member: string; readonly month: string | null } | null {
  const [, member, month] = /^\/treasury\/statements\/([\w-]{1,60})(?:\/(\d{4}-(?:0[1-9]|1[0-2])))?$/.exec(path) ?? [];
  return member === undefined ? null : { member, month: month ?? null };
}

/** `/share/2026-05` is the statement of that month; null anywhere else. */
export function statementMonth(path: string): string | null {
  return /^\/share\/(\d{4}-(?:0[1-9]|1[0-2]))$/.exec(path)?.[1] ?? null;
}
