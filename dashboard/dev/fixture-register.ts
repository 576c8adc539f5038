/** The register of the fixture community: members, badges and agents can be changed, and stay so until it ends. */
import * as api from '@commonworks/core/api/index.ts';
import { type TSchema, Type } from 'typebox';
import { fixtureMembers, fixturePoints } from './fixture-people.ts';

type Asked = { readonly id: string; readonly body: unknown };
type Answered = { readonly status?: number; readonly schema: TSchema; readonly body: unknown } | Refused;
type Refused = { readonly refused: { readonly status: number; readonly code: string; readonly detail: string } };

const DAY_MS = 86_400_000;
const UNSOLD_FIRST = 12;
/** A keyed hash looks like this: nothing of the card can be read from it. */
const hash = (seed: string) => seed.repeat(64).slice(0, 64);

type State = {
  members: api.Member[];
  unsold: number;
  badges: api.BadgeRecord[];
  unknown: api.UnknownBadge[];
  edges: api.Edge[];
};

export function createRegister(now: () => number): Record<string, (asked: Asked) => Answered> {
  const state = firstState(now());
  return {
    'GET /members': () => ({ schema: Type.Array(api.Member), body: membersOf(state) }),
    'POST /members': () => ({
      status: 201,
      schema: api.InvitedMember,
      body: { member: state.members[0], ...link(now()) },
    }),
    'POST /members/:id/invite': () => ({ schema: api.InviteLink, body: link(now()) }),
    'POST /members/:id/reset-link': () => ({ schema: api.InviteLink, body: link(now()) }),
    'GET /metering-points': () => ({ schema: Type.Array(api.MeteringPoint), body: fixturePoints() }),
    'PATCH /metering-points/:id': ({ body }) => ({
      schema: api.MeteringPoint,
      body: { ...fixturePoints()[0], ...(body as object) },
    }),
    ...memberRoutes(state, now),
    ...badgeRoutes(state, now),
    ...edgeRoutes(state),
  };
}

function memberRoutes(state: State, now: () => number): Record<string, (asked: Asked) => Answered> {
  const change = (id: string, to: Partial<api.Member>): Answered => {
    state.members = state.members.map((member) => (member.id === id ? { ...member, ...to } : member));
    return { schema: api.Member, body: membersOf(state).find((member) => member.id === id) };
  };
  return {
    'PATCH /members/:id': ({ id, body }) => change(id, body as api.MemberChange),
    'PUT /members/:id/roles': ({ id, body }) => {
      const { roles } = body as { roles: api.Role[] };
      const others = state.members.filter((member) => member.id !== id && member.roles.includes('admin'));
      if (others.length === 0 && !roles.includes('admin')) {
        return refuse('http.last-admin', 'somebody must remain who can log in and give roles');
      }
      return change(id, { roles });
    },
    'POST /members/:id/leave': ({ id }) => {
      const member = state.members.find((each) => each.id === id);
      if (member !== undefined && member.shares > 0) {
        return refuse('community.member-holds-shares', `${member.name} still holds ${member.shares} shares`);
      }
      state.badges = state.badges.map((each) => (each.member === id ? { ...each, revokedMs: now() } : each));
      return change(id, { leftMs: now(), roles: [], hasLogin: false });
    },
    'GET /shares': () => ({ schema: api.ShareCount, body: { issued: 120, unsold: state.unsold } }),
    'POST /shares/transfers': ({ body }) => {
      const { from, to, shares } = body as api.ShareTransferRequest;
      for (const [holder, change] of [
        [from, -shares],
        [to, shares],
      ] as const) {
        if (holder === 'community') state.unsold += change;
        state.members = state.members.map((each) =>
          each.id === holder ? { ...each, shares: each.shares + change } : each,
        );
      }
      return { status: 201, schema: api.ShareCount, body: { issued: 120, unsold: state.unsold } };
    },
  };
}

function badgeRoutes(state: State, now: () => number): Record<string, (asked: Asked) => Answered> {
  return {
    'GET /badges': () => ({ schema: Type.Array(api.BadgeRecord), body: state.badges }),
    'GET /badges/unknown': () => ({ schema: Type.Array(api.UnknownBadge), body: state.unknown }),
    'POST /badges': ({ body }) => {
      const { badge, member } = body as { badge: string; member: string };
      const given = { badge, member, registeredMs: now(), lastShownMs: null, revokedMs: null };
      state.badges = [given, ...state.badges.filter((each) => each.badge !== badge)];
      state.unknown = state.unknown.filter((each) => each.badge !== badge);
      return { status: 201, schema: api.BadgeRecord, body: given };
    },
    'POST /badges/:id/revoke': ({ id }) => {
      state.badges = state.badges.map((each) => (each.badge === id ? { ...each, revokedMs: now() } : each));
      return { schema: api.BadgeRecord, body: state.badges.find((each) => each.badge === id) };
    },
  };
}

function edgeRoutes(state: State): Record<string, (asked: Asked) => Answered> {
  const setEnabled = (id: string, isEnabled: boolean): Answered => {
    state.edges = state.edges.map((edge) => (edge.id === id ? { ...edge, isEnabled } : edge));
    return { schema: api.Edge, body: state.edges.find((edge) => edge.id === id) };
  };
  return {
    'GET /edges': () => ({ schema: Type.Array(api.Edge), body: state.edges }),
    'POST /edges': () => ({
      status: 201,
      schema: api.EdgeSecret,
      body: { edge: { id: 'edge-barn', name: 'barn', isEnabled: true }, secret: 'q8Zt0c3vY1', community: 'sonnenhof' },
    }),
    'POST /edges/:id/revoke': ({ id }) => setEnabled(id, false),
    'POST /edges/:id/enable': ({ id }) => setEnabled(id, true),
  };
}

/** The number of badges is counted, not kept. */
function membersOf({ members, badges }: State): api.Member[] {
  return members.map((member) => ({
    ...member,
    badges: badges.filter((each) => each.member === member.id && each.revokedMs === null).length,
  }));
}

function firstState(startMs: number): State {
  const members = fixtureMembers();
  const badges = members
    .filter((member) => member.badges > 0)
    .map(({ id }, index): api.BadgeRecord => {
      const lastShownMs = index % 3 === 0 ? null : startMs - index * DAY_MS;
      return {
        badge: hash(`${index + 1}c7`),
        member: id,
        registeredMs: startMs - 200 * DAY_MS,
        lastShownMs,
        revokedMs: null,
      };
    });
  const at = { edge: 'edge-workshop', edgeName: 'workshop', formerMember: null };
  const unknown: api.UnknownBadge[] = [
    { ...at, badge: hash('a41f'), reader: 'badge-1', machines: ['Laser cutter'], atMs: startMs - 12_000 },
    { ...at, badge: hash('5be2'), reader: 'door-1', machines: [], atMs: startMs - 5_400_000, formerMember: 'Jonas' },
    { ...at, badge: hash('90d3'), reader: 'badge-2', machines: ['CNC mill', '3D printer'], atMs: startMs - 9 * DAY_MS },
  ];
  const edge = (name: string): api.Edge => ({ id: `edge-${name}`, name, isEnabled: true });
  return { members, unsold: UNSOLD_FIRST, badges, unknown, edges: [edge('roof'), edge('workshop')] };
}

function link(nowMs: number) {
  return { url: 'http://sonnenhof.local:8080/invite?token=Zk3p9-vM1xQe7Tn', expiresMs: nowMs + 7 * DAY_MS };
}

function refuse(code: string, detail: string): Refused {
  return { refused: { status: 409, code, detail } };
}
