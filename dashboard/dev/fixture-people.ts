/** The people of the fixture community: one for each role, and those who live there. */
import type { Me, Member, MeteringPoint, Role } from '@commonworks/core/api/index.ts';
import { HOMES } from './fixture-world.ts';

/** Everybody's password here. */
export const FIXTURE_PASSWORD = 'sun-for-all-of-us';
const JOINED_MS = Date.UTC(2024, 2, 1);

export type Login = Me & { readonly home: number };

const login = (name: string, roles: Role[], home: number): Login => {
  const id = name.toLowerCase();
  return { user: id, member: id, name, email: `${id}@demo`, roles, home };
};

export const LOGINS: readonly Login[] = [
  login('Anna', ['member'], 0),
  login('Ben', ['member'], 1),
  login('Olga', ['member', 'operator'], 5),
  login('Theo', ['member', 'treasurer'], 6),
  login('Ada', ['member', 'admin'], 7),
];

export function fixtureMembers(): Member[] {
  const homes = HOMES.map(
    (name, index): Member => ({
      ...{ id: name.toLowerCase(), name, email: `${name.toLowerCase()}@demo`, roles: ['member'], shares: 8 + index },
      ...{ joinedMs: JOINED_MS, leftMs: null, hasLogin: index < 2, meteringPoints: [`home-${index + 1}`], badges: 1 },
    }),
  );
  const officers = LOGINS.slice(2).map(
    ({ user, name, email, roles }): Member => ({
      ...{ id: user, name, email, roles: [...roles], shares: 0, joinedMs: JOINED_MS, leftMs: null },
      ...{ hasLogin: true, meteringPoints: [], badges: 0 },
    }),
  );
  return [...homes, ...officers];
}

export function fixturePoints(): MeteringPoint[] {
  const point = (
    name: string,
    role: MeteringPoint['role'],
    at: { member: string | null; device: string },
  ): MeteringPoint => ({
    ...{ id: name, name, role, member: at.member, ratedPowerW: role === 'consumer' ? 24_000 : null },
    assignments: [{ edge: 'edge-roof', device: at.device, fromMs: JOINED_MS, toMs: null, registerModulusWh: null }],
  });
  return [
    point('Roof', 'producer', { member: null, device: 'pv-1' }),
    point('Battery', 'storage', { member: null, device: 'bat-1' }),
    point('Grid connection', 'grid', { member: null, device: 'grid-1' }),
    ...HOMES.map((home, index) =>
      point(`AT00900000000000000000${index + 1}`, 'consumer', {
        member: home.toLowerCase(),
        device: `home-${index + 1}`,
      }),
    ),
  ];
}
