/** Who may connect, who was not let in, and who behaved badly: the parts that go by the access document. */
import type { Clock } from '@commonworks/core';
import type { SavedAccess } from '../broker-tables.ts';
import { AccessKeeper } from './access-keeper.ts';
import { Credentials, type Principal } from './credentials.ts';
import { LoginRefusals } from './login-refusals.ts';
import { MisuseList } from './misuse.ts';

export type AccessOptions = {
  readonly community: string;
  readonly serviceToken: string;
  readonly saved: SavedAccess | null;
  readonly save: (access: SavedAccess) => Promise<void>;
  readonly now: Clock;
  /** Cuts whoever does not stand any more. */
  readonly revoke: (stands: (principal: Principal) => boolean) => unknown;
};

export type Access = {
  readonly keeper: AccessKeeper;
  readonly credentials: Credentials;
  readonly refusals: LoginRefusals;
  readonly misuse: MisuseList;
  /** Whether a principal is still what the document says. */
  readonly stands: (principal: Principal) => boolean;
};

export function openAccess(options: AccessOptions): Access {
  const { now, revoke, serviceToken } = options;
  const stands = ({ user, role, secretHash }: Principal) => {
    const current = credentials.find(user);
    return current?.role === role && current.secretHash === secretHash;
  };
  const keeper: AccessKeeper = new AccessKeeper({ ...options, onReplaced: () => revoke(stands) });
  const credentials = new Credentials({ access: () => keeper.document, serviceToken });
  const refusals = new LoginRefusals({ isEdge: (name) => credentials.find(name)?.role === 'edge', now });
  const misuse = new MisuseList({ isEnrolled: (name) => credentials.find(name) !== null, now });
  return { keeper, credentials, refusals, misuse, stands };
}
