/** What a settlement freezes: the header that names the rules, and one row per metering point, register and interval. */
import { type Static, Type } from 'typebox';
import { METERING_ROLES } from '../api/people.ts';
import { ALLOCATION_METHODS } from '../api/share.ts';
import { Nullable } from '../schema.ts';

const closed = { additionalProperties: false } as const;
const Whole = Type.Integer();

export const PeriodHeader = Type.Object(
  {
    format: Type.Literal(1),
    community: Type.String(),
    currency: Type.String(),
    zone: Type.String(),
    month: Type.String({ pattern: '^\\d{4}-\\d{2}$' }),
    fromMs: Whole,
    toMs: Whole,
    intervalMs: Type.Integer({ minimum: 1 }),
    /** `owner` is a member's id or `community`. Rows name a point by its place in this list. */
    points: Type.Array(
      Type.Object({ id: Type.String(), role: Type.Enum([...METERING_ROLES]), owner: Type.String() }, closed),
      { maxItems: 10_000 },
    ),
    /** Rows name a source by its place in this list and the pack's sequence number. */
    sources: Type.Array(Type.Object({ edge: Type.String(), epoch: Type.String() }, closed), { maxItems: 10_000 }),
    /** Ascending by date; each in force until the next. Prices are decimal text in minor units per kWh. */
    tariffs: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          fromMs: Whole,
          method: Type.Enum([...ALLOCATION_METHODS]),
          internalPrice: Type.String(),
        },
        closed,
      ),
      { minItems: 1, maxItems: 1000 },
    ),
    /** Shares per holder from each date on, ascending; read by the method `fixed`. */
    holdings: Type.Array(Type.Object({ fromMs: Whole, shares: Type.Record(Type.String(), Whole) }, closed), {
      maxItems: 10_000,
    }),
  },
  closed,
);
export type PeriodHeader = Static<typeof PeriodHeader>;

/**
 * One frozen measurement: [point, direction, startMs, openingMwh, closingMwh, openingMs, closingMs, stepMwh, energyMwh,
 * coveragePpm, quality, openingSource, openingSeq, closingSource, closingSeq]. Direction 0 is out of the bus, 1 into it;
 * quality is the rank on the scale. energy = closing - opening + step, or null when it is missing.
 */
export const InputRow = Type.Tuple([
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
]);
export type InputRow = Static<typeof InputRow>;

/**
 * One result: [point, direction, startMs, offeredMwh, allocatedMwh, restMwh, roundingMicroMwh]. For a consumer `rest` is
 * its residual; for a producer `allocated` is what members used of it and `rest` the surplus.
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
