/** The demo's people: who lives where, what they do for the community, and the shares they hold. */
import type { Role } from '@commonworks/core/api/index.ts';
import type { Maker } from '../world/workshop-plan.ts';

export type Person = {
  readonly name: string;
  /** Those with an address can log in. */
  readonly email: string | null;
  readonly roles: readonly Role[];
  readonly shares: number;
  /** Device of their meter, when they live here. */
  readonly home: string | null;
  readonly maker: Maker | null;
};

/** Shares issued; what is not sold is held by the community. */
export const SHARES_ISSUED = 120;

export const PEOPLE: readonly Person[] = [
  { name: 'Anna Berger', email: 'anna@demo', roles: ['member'], shares: 12, home: 'home-1', maker: null },
  { name: 'Ben Hofer', email: 'ben@demo', roles: ['member'], shares: 8, home: 'home-4', maker: 'ben' },
  { name: 'Olga Novak', email: 'olga@demo', roles: ['member', 'operator'], shares: 10, home: 'home-2', maker: null },
  { name: 'Theo Lang', email: 'theo@demo', roles: ['member', 'treasurer'], shares: 10, home: 'home-5', maker: null },
  { name: 'Ada Wieser', email: 'ada@demo', roles: ['member', 'admin'], shares: 10, home: 'home-6', maker: null },
  { name: 'Familie Pichler', email: null, roles: ['member'], shares: 20, home: 'home-3', maker: null },
  { name: 'Clara Steiner', email: null, roles: ['member'], shares: 6, home: 'home-7', maker: 'clara' },
  { name: 'Familie Gruber', email: null, roles: ['member'], shares: 16, home: 'home-8', maker: null },
  { name: 'Dora Maier', email: null, roles: ['member'], shares: 12, home: 'home-9', maker: 'dora' },
  { name: 'Emil Fuchs', email: null, roles: ['member'], shares: 4, home: null, maker: 'emil' },
];
