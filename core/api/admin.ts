/** What admins and treasurers register: points, edges, machines, badges, tariffs; and the links that let people in. */
import { type Static, Type } from 'typebox';
import { JUDGEMENT_KINDS } from '../events.ts';
import { Nullable, TimeMs } from '../schema.ts';
import { MACHINE_KINDS, RatedPowerW, RegisterModulusWh } from '../seed.ts';
import { METERING_ROLES, Member, ROLES } from './people.ts';
import { ALLOCATION_METHODS, SHARE_BY, STORAGE_ORIGINS } from './share.ts';

const closed = { additionalProperties: false } as const;
const Name = Type.String({ minLength: 1, maxLength: 120 });
const Slug = Type.String({ pattern: '^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$' });
const Id = Type.String({ maxLength: 40 });
/** Decimal text in minor units with at most six decimals. */
const Price = Type.String({ pattern: '^\\d{1,9}(\\.\\d{1,6})?$' });

/** POST /members answers with the member and the link to hand over. */
export const InvitedMember = Type.Object({ member: Member, url: Type.String(), expiresMs: Type.Number() });

/** PUT /members/:id/roles: replaced whole. */
export const RolesRequest = Type.Object({ roles: Type.Array(Type.Enum([...ROLES]), { maxItems: 4 }) }, closed);

/** POST /auth/accept; `name` and `email` only for the first admin of a new site. */
export const AcceptRequest = Type.Object(
  {
    token: Type.String({ minLength: 10, maxLength: 200 }),
    password: Type.String({ maxLength: 200 }),
    name: Type.Optional(Name),
    email: Type.Optional(Type.String({ minLength: 3, maxLength: 200, pattern: '^[^@\\s]+@[^@\\s]+$' })),
  },
  closed,
);
/** Then log in with this address. */
export const Accepted = Type.Object({ member: Type.String(), email: Type.String() });

/** POST /auth/link: what a link is for, before it is used. */
export const LinkRequest = Type.Object({ token: Type.String({ minLength: 10, maxLength: 200 }) }, closed);
export const LinkInfo = Type.Object({
  purpose: Type.Enum(['setup', 'invite', 'reset']),
  name: Nullable(Type.String()),
  email: Nullable(Type.String()),
  expiresMs: Type.Number(),
});

export const PointRequest = Type.Object(
  {
    name: Name,
    role: Type.Enum([...METERING_ROLES]),
    member: Nullable(Id),
    ratedPowerW: Type.Optional(Nullable(RatedPowerW)),
  },
  closed,
);
/** PATCH /metering-points/:id: what is not settled yet is judged again by it. */
export const PointChange = Type.Object({ ratedPowerW: Nullable(RatedPowerW) }, closed);
/** POST /metering-points/:id/assignments: from then on this device measures the point. */
export const AssignmentRequest = Type.Object(
  { edge: Id, device: Slug, fromMs: TimeMs, registerModulusWh: Type.Optional(Nullable(RegisterModulusWh)) },
  closed,
);

/** GET /metering-points/:id/judgements: a step of a register that was not a plain rise, in mWh. */
export const RegisterJudgement = Type.Object({
  timeMs: Type.Number(),
  register: Type.Enum(['importedWh', 'exportedWh']),
  kind: Type.Enum([...JUDGEMENT_KINDS]),
  beforeMwh: Type.Integer(),
  afterMwh: Type.Integer(),
  /** What flowed in this step; null when nobody can know: then it is billed to nobody. */
  creditedMwh: Nullable(Type.Integer()),
});
export type RegisterJudgement = Static<typeof RegisterJudgement>;

export const Edge = Type.Object({ id: Type.String(), name: Type.String(), isEnabled: Type.Boolean() });
export type Edge = Static<typeof Edge>;
export const EdgeRequest = Type.Object({ name: Name }, closed);
/** The secret is shown this once: it goes into the edge's configuration; only its hash is kept. */
export const EdgeSecret = Type.Object({ edge: Edge, secret: Type.String(), community: Type.String() });

const DeviceRef = Type.Object({ edge: Id, device: Slug }, closed);
export const MachineRequest = Type.Object(
  {
    name: Name,
    kind: Type.Enum([...MACHINE_KINDS]),
    activity: DeviceRef,
    meter: Nullable(DeviceRef),
    relay: Nullable(DeviceRef),
    pricePerHour: Price,
    /** A badge reader of its own; without it every reader at the machine's edge counts. */
    reader: Type.Optional(DeviceRef),
    /** For a machine known by its power alone: below `offBelowW` off, below `idleBelowW` idle, from `runningFromW` on running. */
    power: Type.Optional(
      Type.Object(
        {
          offBelowW: Type.Number({ minimum: 0 }),
          idleBelowW: Type.Number({ minimum: 0 }),
          runningFromW: Type.Number({ minimum: 0 }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export const MachineCreated = Type.Object({ id: Type.String() });

/** `badge` is the keyed hash of the UID as the reader's events carry it, hex. */
export const BadgeRequest = Type.Object({ badge: Type.String({ pattern: '^[0-9a-f]{64}$' }), member: Id }, closed);

export const TariffRecord = Type.Object({
  id: Type.String(),
  fromMs: Type.Number(),
  method: Type.Enum([...ALLOCATION_METHODS]),
  internalPrice: Type.String(),
  gridPrice: Type.String(),
  feedInPrice: Type.String(),
  shareBy: Type.Enum([...SHARE_BY]),
  storageOrigin: Type.Enum([...STORAGE_ORIGINS]),
});
export const TariffRequest = Type.Object(
  {
    fromMs: TimeMs,
    method: Type.Enum([...ALLOCATION_METHODS]),
    internalPrice: Price,
    gridPrice: Price,
    feedInPrice: Price,
    /** `member` when absent. */
    shareBy: Type.Optional(Type.Enum([...SHARE_BY])),
    /** `proportional` when absent. */
    storageOrigin: Type.Optional(Type.Enum([...STORAGE_ORIGINS])),
  },
  closed,
);

/** GET /shares: all there are, and what no member holds; POST /shares issues more, into the community's own holding. */
export const ShareCount = Type.Object({ issued: Type.Integer(), unsold: Type.Integer() });
export const ShareIssue = Type.Object(
  {
    shares: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    /** The decision that issues them, for the register. */
    reason: Type.String({ minLength: 3, maxLength: 200 }),
  },
  closed,
);

/** GET /ledger/head: the anchor for `commonworks verify --head`; `hash` of the newest entry, its place `seq`. */
export const LedgerHead = Type.Object({ seq: Type.Integer(), hash: Type.String() });
/**
 * `missing`: what to do with gaps that nobody has decided: `refuse` unless said otherwise; `exclude` leaves them as they are,
 * for the reason given, which it needs.
 */
export const SettlementRequest = Type.Object(
  {
    month: Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])$' }),
    missing: Type.Optional(Type.Enum(['refuse', 'exclude'])),
    reason: Type.Optional(Type.String({ minLength: 3, maxLength: 300 })),
  },
  closed,
);
