/** Who is logged in, the community they see, and what an admin registers. */
import { type Static, Type } from 'typebox';
import { Nullable } from '../schema.ts';

export const ROLES = ['member', 'operator', 'treasurer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** GET /community, readable before log-in. */
export const Community = Type.Object({
  id: Type.String(),
  name: Type.String(),
  zone: Type.String(),
  currency: Type.String(),
  locale: Type.String(),
  isDemo: Type.Boolean(),
  clock: Type.Object({ nowMs: Type.Number(), speed: Type.Number(), mode: Type.Enum(['system', 'demo', 'replaying']) }),
});
export type Community = Static<typeof Community>;

/** GET /me. */
export const Me = Type.Object({
  user: Type.String(),
  member: Nullable(Type.String()),
  name: Type.String(),
  email: Type.String(),
  roles: Type.Array(Type.Enum([...ROLES])),
});
export type Me = Static<typeof Me>;

export const Member = Type.Object({
  id: Type.String(),
  name: Type.String(),
  email: Nullable(Type.String()),
  roles: Type.Array(Type.Enum([...ROLES])),
  shares: Type.Integer(),
  joinedMs: Type.Number(),
  leftMs: Nullable(Type.Number()),
  hasLogin: Type.Boolean(),
  meteringPoints: Type.Array(Type.String()),
  badges: Type.Integer(),
});
export type Member = Static<typeof Member>;

/** POST /members and POST /members/:id/invite answer with a link to hand over; it works once and expires. */
export const MemberRequest = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 120 }),
    email: Type.String({ minLength: 3, maxLength: 200, pattern: '^[^@\\s]+@[^@\\s]+$' }),
    roles: Type.Array(Type.Enum([...ROLES]), { maxItems: 4 }),
    shares: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
  },
  { additionalProperties: false },
);
export type MemberRequest = Static<typeof MemberRequest>;
export const InviteLink = Type.Object({ url: Type.String(), expiresMs: Type.Number() });
export type InviteLink = Static<typeof InviteLink>;

export const METERING_ROLES = ['consumer', 'producer', 'storage', 'grid', 'workshop'] as const;
export type MeteringRole = (typeof METERING_ROLES)[number];

/** A metering point: the place, not the meter. Dated assignments say which series measured it when. */
export const MeteringPoint = Type.Object({
  id: Type.String(),
  /** The grid operator's number or a name of our own. */
  name: Type.String(),
  role: Type.Enum([...METERING_ROLES]),
  member: Nullable(Type.String()),
  /** The most the connection can carry, W; null: not known, so no rise of its register is refused. */
  ratedPowerW: Nullable(Type.Integer()),
  assignments: Type.Array(
    Type.Object({
      edge: Type.String(),
      device: Type.String(),
      fromMs: Type.Number(),
      toMs: Nullable(Type.Number()),
      /** Where this meter's register begins again at zero, Wh; null: not known, or never. */
      registerModulusWh: Nullable(Type.Integer()),
    }),
  ),
});
export type MeteringPoint = Static<typeof MeteringPoint>;

/** Every refusal and failure of the API: RFC 9457 problem details, with our code. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
  remedy: Type.String(),
});
export type Problem = Static<typeof Problem>;
