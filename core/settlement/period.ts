/** What a settlement freezes: the header that names the rules, and one row per metering point, register and interval. */
import { type Static, Type } from 'typebox';
import { METERING_ROLES } from '../api/people.ts';
import { ALLOCATION_METHODS, SHARE_BY, STORAGE_ORIGINS } from '../api/share.ts';
import { Nullable } from '../schema.ts';

const closed = { additionalProperties: false } as const;
const Whole = Type.Integer();
const Held = Type.Integer({ minimum: 0 });

export const PeriodHeader = Type.Object(
  {
    /** 1: rows end with the closing sequence. 2: each row names its method as well. */
    format: Type.Union([Type.Literal(1), Type.Literal(2)]),
    community: Type.String(),
    currency: Type.String(),
    zone: Type.String(),
    month: Type.String({ pattern: '^\\d{4}-\\d{2}$' }),
    fromMs: Whole,
    toMs: Whole,
    intervalMs: Type.Integer({ minimum: 1 }),
    /**
     * `owner` is a member's id or `community`. Rows name a point by its place in this list. `spans` are the times within
     * the period at which a device measured it; without them it counts for the fixed key in the whole period.
     */
    points: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          role: Type.Enum([...METERING_ROLES]),
          owner: Type.String(),
          spans: Type.Optional(Type.Array(Type.Object({ fromMs: Whole, toMs: Whole }, closed), { maxItems: 10_000 })),
        },
        closed,
      ),
      { maxItems: 10_000 },
    ),
    /** Rows name a source by its place in this list and the pack's sequence number. */
    sources: Type.Array(Type.Object({ edge: Type.String(), epoch: Type.String() }, closed), { maxItems: 10_000 }),
    /**
     * Ascending by date; each in force until the next. Prices are decimal text in minor units per kWh. Without `shareBy`
     * each point is shared by itself; without `storageOrigin` all that a storage gives is production.
     */
    tariffs: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          fromMs: Whole,
          method: Type.Enum([...ALLOCATION_METHODS]),
          internalPrice: Type.String(),
          shareBy: Type.Optional(Type.Enum([...SHARE_BY])),
          storageOrigin: Type.Optional(Type.Enum([...STORAGE_ORIGINS])),
        },
        closed,
      ),
      { minItems: 1, maxItems: 1000 },
    ),
    /** Shares per holder from each date on, ascending; read by the method `fixed`. */
    holdings: Type.Array(Type.Object({ fromMs: Whole, shares: Type.Record(Type.String(), Whole) }, closed), {
      maxItems: 10_000,
    }),
    /** What each storage held when the period began, by origin; one that is not named held nothing that is known. */
    storage: Type.Optional(
      Type.Array(Type.Object({ point: Whole, communityMwh: Held, gridMwh: Held, leastMwh: Held }, closed), {
        maxItems: 10_000,
      }),
    ),
  },
  closed,
);
export type PeriodHeader = Static<typeof PeriodHeader>;

const FIELDS = [
  Whole,
  Type.Union([Type.Literal(0), Type.Literal(1)]),
  Whole,
  Nullable(Whole),
  Nullable(Whole),
  Nullable(Whole),
  Nullable(Whole),
  Whole,
  Nullable(Whole),
  Whole,
  Whole,
  Nullable(Whole),
  Nullable(Whole),
  Nullable(Whole),
  Nullable(Whole),
] as const;

/** How a value came about that was not measured at both edges: `flat`, `day-before`, `substitute` and others to come. */
export const IntervalMethod = Type.String({ pattern: '^[a-z][a-z-]{0,31}$' });

/** A value that a person typed, with a reason: it has no registers. */
export const SUBSTITUTE_METHOD = 'substitute';

/**
 * One frozen value: [point, direction, startMs, openingMwh, closingMwh, openingMs, closingMs, stepMwh, energyMwh,
 * coveragePpm, quality, openingSource, openingSeq, closingSource, closingSeq, method]. Direction 0 is out of the bus, 1
 * into it; quality is the rank on the scale. energy = closing - opening + step, or null when it is missing. `method` is
 * null where both edges were measured; rows of format 1 lack it.
 */
export const InputRow = Type.Union([Type.Tuple([...FIELDS]), Type.Tuple([...FIELDS, Nullable(IntervalMethod)])]);
export type InputRow = Static<typeof InputRow>;

/** Null for what was measured, and for every row of format 1. */
export function methodOf(row: InputRow): string | null {
  return row.length === 16 ? row[15] : null;
}

/**
 * One result: [point, direction, startMs, offeredMwh, allocatedMwh, restMwh, roundingMicroMwh]. For a consumer `rest` is
 * its residual; for a producer `allocated` is what members used of it and `rest` the surplus. Where the origin of stored
 * energy is followed, `offered` of a producer is what it gave to be shared: of a storage the part that is the community's.
 */
export const ResultRow = Type.Tuple([
  Whole,
  Type.Union([Type.Literal(0), Type.Literal(1)]),
  Whole,
  Whole,
  Whole,
  Whole,
  Whole,
]);
export type ResultRow = Static<typeof ResultRow>;

/** Position of the fields that others read. */
export const INPUT = {
  point: 0,
  direction: 1,
  startMs: 2,
  openingMwh: 3,
  closingMwh: 4,
  stepMwh: 7,
  energyMwh: 8,
  quality: 10,
} as const;
