/** seed.yaml: the people, points and machines a community starts with; applied once, to an empty database. */
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { METERING_ROLES, ROLES } from './api/people.ts';
import { ALLOCATION_METHODS, SHARE_BY, STORAGE_ORIGINS } from './api/share.ts';
import { CodedError } from './errors.ts';
import { Nullable } from './schema.ts';

const Id = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
const Name = Type.String({ minLength: 1, maxLength: 120 });
const TimeMs = Type.Integer({ minimum: 0 });
/** Decimal text, at most six decimals, in minor units: `12.5` is 12.5 cents. */
const Price = Type.String({ pattern: '^\\d{1,9}(\\.\\d{1,6})?$' });
const closed = { additionalProperties: false } as const;

/** The most a connection can carry, W: three fuses of 35 A are 24,000. Up to a gigawatt. */
export const RatedPowerW = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });
/** Where a register begins again at zero, Wh: 100,000,000 for a display of 99,999.999 kWh. In mWh it stays an exact number. */
export const RegisterModulusWh = Type.Integer({ minimum: 1000, maximum: 9_000_000_000_000 });

export const SeedMember = Type.Object(
  {
    id: Id,
    name: Name,
    email: Nullable(Type.String({ maxLength: 200 })),
    roles: Type.Array(Type.Enum([...ROLES]), { maxItems: 4 }),
    joinedMs: TimeMs,
  },
  closed,
);

/** One movement of shares; `community` holds what is unsold. The first one issues them: from `issue` to `community`. */
export const SeedTransfer = Type.Object(
  {
    from: Type.Union([Type.Literal('issue'), Type.Literal('community'), Id]),
    to: Type.Union([Type.Literal('community'), Id]),
    shares: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
    atMs: TimeMs,
    reason: Type.String({ maxLength: 200 }),
  },
  closed,
);

/** The role says which registers count: importedWh for consumer and workshop, exportedWh for producer, both else. */
export const SeedMeteringPoint = Type.Object(
  {
    id: Id,
    name: Name,
    role: Type.Enum([...METERING_ROLES]),
    /** Null: the community's own. */
    member: Nullable(Id),
    ratedPowerW: Type.Optional(RatedPowerW),
    assignments: Type.Array(
      Type.Object(
        {
          edge: Id,
          device: Type.String(),
          fromMs: TimeMs,
          toMs: Nullable(TimeMs),
          registerModulusWh: Type.Optional(RegisterModulusWh),
        },
        closed,
      ),
      { maxItems: 100 },
    ),
  },
  closed,
);

/** In force from `fromMs` until the next one. Prices in minor units per kWh. */
export const SeedTariff = Type.Object(
  {
    id: Id,
    fromMs: TimeMs,
    method: Type.Enum([...ALLOCATION_METHODS]),
    internalPrice: Price,
    gridPrice: Price,
    feedInPrice: Price,
    /** Under `fixed`: a holder's part against her use over all her points (`member`, when absent) or point by point. */
    shareBy: Type.Optional(Type.Enum([...SHARE_BY])),
    /** What a battery's charge is made of; `proportional` when absent. */
    storageOrigin: Type.Optional(Type.Enum([...STORAGE_ORIGINS])),
  },
  closed,
);

const DeviceRef = Type.Object({ edge: Id, device: Type.String() }, closed);

export const MACHINE_KINDS = ['laser', 'cnc', 'printer', 'other'] as const;

export const SeedMachine = Type.Object(
  {
    id: Id,
    name: Name,
    kind: Type.Enum([...MACHINE_KINDS]),
    /** Where its `activity` (or, for want of one, its power) is read. */
    activity: DeviceRef,
    meter: Nullable(DeviceRef),
    /** Takes `setRelay`. */
    relay: Nullable(DeviceRef),
    /** Minor units per running hour. */
    pricePerHour: Price,
  },
  closed,
);

export const SeedEdge = Type.Object({ id: Id, name: Name, secretHash: Type.String({ maxLength: 400 }) }, closed);

export const Seed = Type.Object(
  {
    members: Type.Array(SeedMember, { maxItems: 10_000 }),
    transfers: Type.Array(SeedTransfer, { maxItems: 100_000 }),
    edges: Type.Array(SeedEdge, { maxItems: 1000 }),
    meteringPoints: Type.Array(SeedMeteringPoint, { maxItems: 10_000 }),
    tariffs: Type.Array(SeedTariff, { minItems: 1, maxItems: 1000 }),
    machines: Type.Array(SeedMachine, { maxItems: 1000 }),
    /** `badge` is the keyed hash of the UID, hex. */
    badges: Type.Array(Type.Object({ badge: Type.String({ pattern: '^[0-9a-f]{64}$' }), member: Id }, closed), {
      maxItems: 100_000,
    }),
    bookings: Type.Array(Type.Object({ machine: Id, member: Id, fromMs: TimeMs, toMs: TimeMs }, closed), {
      maxItems: 10_000,
    }),
  },
  closed,
);
export type Seed = Static<typeof Seed>;

/**
 * A parsed YAML value to a Seed.
 * @throws CodedError `community.seed-invalid` naming every fault with its path.
 */
export function parseSeed(value: unknown): Seed {
  if (Value.Check(Seed, value)) return value;
  const faults = [...Value.Errors(Seed, value)].map((error) => `${error.instancePath || '/'}: ${error.message}`);
  throw new CodedError('community.seed-invalid', `seed.yaml: ${faults.slice(0, 20).join('; ')}`, {
    detail: { faults },
  });
}
