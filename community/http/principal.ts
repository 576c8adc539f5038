/** Who is asking: a person who logged in, or the community's own tools with the service token. */
import type { Role } from '@commonworks/core/api/index.ts';

export type Principal = {
  /** Member id, or `service`: what audits write down. */
  readonly user: string;
  readonly member: string | null;
  readonly name: string;
  readonly email: string;
  readonly roles: readonly Role[];
};

/** Flows send commands, the command line settles: an operator and treasurer, but nobody's member. */
export const SERVICE: Principal = {
  user: 'service',
  member: null,
  name: 'service',
  email: '',
  roles: ['operator', 'treasurer'],
};

export function hasRole(principal: Principal, roles: readonly Role[]): boolean {
  return principal.roles.some((role) => roles.includes(role));
}
