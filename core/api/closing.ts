/** Closing a month: what keeps it open, the values that people type for gaps, and the exchange of a meter. */
import { type Static, Type } from 'typebox';
import { CLOSING_MATTERS } from '../closing/judge-register.ts';
import { SPREADS } from '../closing/spread-energy.ts';
import { GAP_METHODS } from '../metering/place-gap.ts';
import { Nullable, TimeMs } from '../schema.ts';
import { METERING_ROLES } from './people.ts';

const closed = { additionalProperties: false } as const;
/** The decision behind it, for those who ask later. */
const Reason = Type.String({ minLength: 3, maxLength: 300 });
const Register = Type.Enum(['importedWh', 'exportedWh']);
export type RegisterName = Static<typeof Register>;
/** Two terawatt-hours: no interval, register or gap of a community comes near, and sums of them stay exact. */
const ENERGY_MAX_MWH = 2_000_000_000_000;
const TypedEnergy = Type.Integer({ minimum: 0, maximum: ENERGY_MAX_MWH });

const spanFields = { fromMs: Type.Number(), toMs: Type.Number() } as const;
const actFields = { reason: Type.String(), author: Type.String(), createdMs: Type.Number() } as const;

/** Energy that the register counted between two times and that stands in no interval. */
export const UnplacedSpan = Type.Object({
  ...spanFields,
  energyMwh: Type.Integer(),
  /** What people typed for intervals of this time. */
  substitutedMwh: Type.Integer(),
  /** unplaced - substituted; below zero when more was typed than the register counted. */
  remainingMwh: Type.Integer(),
  reason: Nullable(Type.String()),
});
export type UnplacedSpan = Static<typeof UnplacedSpan>;

/** Values in force that a person typed, one act of typing each; `energyMwh` is what of it counts. */
export const SubstitutedSpan = Type.Object({
  id: Type.String(),
  ...spanFields,
  intervals: Type.Integer(),
  energyMwh: Type.Integer(),
  ...actFields,
});
export type SubstitutedSpan = Static<typeof SubstitutedSpan>;

/** Of one register in one month: what was typed for it, and what it counted that stands nowhere. */
export const RegisterAccount = Type.Object({
  point: Type.String(),
  pointName: Type.String(),
  register: Register,
  substitutes: Type.Array(SubstitutedSpan),
  unplaced: Type.Array(UnplacedSpan),
});
export type RegisterAccount = Static<typeof RegisterAccount>;

const OpenSpan = Type.Object({ ...spanFields, intervals: Type.Integer() });

/** One register of one metering point: what its month is made of, and what must be decided. */
export const RegisterReadiness = Type.Object({
  ...RegisterAccount.properties,
  role: Type.Enum([...METERING_ROLES]),
  /** Null: the community's own. */
  owner: Nullable(Type.String()),
  /** Newest reading of any time; null when it was never heard. */
  newestMs: Nullable(Type.Number()),
  expected: Type.Integer(),
  measured: Type.Integer(),
  /** Not measured at both edges; `placed` of them lie in a gap that an estimate filled. */
  estimated: Type.Integer(),
  placed: Type.Integer(),
  substituted: Type.Integer(),
  missing: Type.Integer(),
  missingSpans: Type.Array(OpenSpan),
  placedSpans: Type.Array(OpenSpan),
  decisions: Type.Array(
    Type.Object({ matter: Type.Enum([...CLOSING_MATTERS]), isAccepted: Type.Boolean(), ...actFields }),
  ),
  /** What keeps the month open. */
  open: Type.Array(Type.Enum([...CLOSING_MATTERS])),
});
export type RegisterReadiness = Static<typeof RegisterReadiness>;

/** GET /settlements/:month/readiness. A span list ends after its first hundred; the counts are whole. */
export const MonthReadiness = Type.Object({
  month: Type.String(),
  ...spanFields,
  isOver: Type.Boolean(),
  /** The newest version of its settlement; 0: not settled. */
  version: Type.Integer(),
  /** Every register is complete, or its gaps are decided. */
  isReady: Type.Boolean(),
  registers: Type.Array(RegisterReadiness),
});
export type MonthReadiness = Static<typeof MonthReadiness>;

/** GET /settlements/:month/preview: what a run would post, and nothing of it written. */
export const SettlementPreview = Type.Object({
  month: Type.String(),
  /** Why it would be refused; empty when it would be made. */
  reasons: Type.Array(Type.String()),
  productionMwh: Type.Integer(),
  allocatedMwh: Type.Integer(),
  surplusMwh: Type.Integer(),
  /** Positive: owes. A settled month shows what it would be as a whole, not the correction. */
  members: Type.Array(
    Type.Object({
      member: Nullable(Type.String()),
      name: Nullable(Type.String()),
      usedMwh: Type.Integer(),
      allocatedMwh: Type.Integer(),
      givenMwh: Type.Integer(),
      amountMinor: Type.Integer(),
    }),
  ),
});
export type SettlementPreview = Static<typeof SettlementPreview>;

/** POST /settlements/:month/decisions: a gap stays as it is, and the month may close; or that is taken back. */
export const ClosingDecision = Type.Object(
  {
    point: Type.String({ maxLength: 40 }),
    register: Register,
    matters: Type.Array(Type.Enum([...CLOSING_MATTERS]), { minItems: 1, maxItems: CLOSING_MATTERS.length }),
    isAccepted: Type.Boolean(),
    reason: Reason,
  },
  closed,
);
export type ClosingDecision = Static<typeof ClosingDecision>;

/** POST /metering-points/:id/substitutes: a total that is spread, or a value for each interval. */
export const SubstituteRequest = Type.Object(
  {
    register: Register,
    fromMs: TimeMs,
    toMs: TimeMs,
    reason: Reason,
    value: Type.Union([
      Type.Object({ energyMwh: TypedEnergy, spread: Type.Enum([...SPREADS]) }, closed),
      /** In the order of the span's intervals that have no value. */
      Type.Object({ energiesMwh: Type.Array(TypedEnergy, { minItems: 1, maxItems: 3200 }) }, closed),
    ]),
  },
  closed,
);
export type SubstituteRequest = Static<typeof SubstituteRequest>;

/** An act of typing; `superseded`: intervals of it that were measured since, or typed anew. */
export const Substitute = Type.Object({
  id: Type.String(),
  point: Type.String(),
  register: Register,
  ...spanFields,
  energyMwh: Type.Integer(),
  spread: Type.Enum([...SPREADS, 'typed']),
  ...actFields,
  intervals: Type.Integer(),
  superseded: Type.Integer(),
  withdrawal: Nullable(Type.Object(actFields)),
});
export type Substitute = Static<typeof Substitute>;

export const WithdrawalRequest = Type.Object({ reason: Reason }, closed);

/** GET /metering-points/:id/substitutes/suggestions: totals for a gap, each with what it rests on, in words. */
export const SubstituteSuggestion = Type.Object({
  energyMwh: Type.Integer(),
  spread: Type.Enum([...SPREADS]),
  basis: Type.String(),
});
export type SubstituteSuggestion = Static<typeof SubstituteSuggestion>;

/** GET /gap-rules: what holds from then on; the oldest holds by itself and has no author. */
export const GapRule = Type.Object({
  fromMs: Type.Number(),
  method: Type.Enum([...GAP_METHODS]),
  author: Nullable(Type.String()),
  createdMs: Nullable(Type.Number()),
});
export type GapRule = Static<typeof GapRule>;

/** POST /gap-rules: from the beginning of that month on. */
export const GapRuleRequest = Type.Object(
  { method: Type.Enum([...GAP_METHODS]), month: Type.String({ pattern: '^[12]\\d{3}-(0[1-9]|1[0-2])$' }) },
  closed,
);
export type GapRuleRequest = Static<typeof GapRuleRequest>;

const Serial = Type.String({ minLength: 1, maxLength: 64 });

/** POST /metering-points/:id/swaps: the meter was exchanged; registers as a person read them, at the same moment. */
export const SwapRequest = Type.Object(
  {
    timeMs: TimeMs,
    /** What reads the new meter: the same device as before, or another. */
    edge: Type.String({ maxLength: 40 }),
    device: Type.String({ pattern: '^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$' }),
    oldSerial: Serial,
    newSerial: Serial,
    reason: Reason,
    registers: Type.Array(Type.Object({ register: Register, finalMwh: TypedEnergy, firstMwh: TypedEnergy }, closed), {
      minItems: 1,
      maxItems: 2,
    }),
  },
  closed,
);
export type SwapRequest = Static<typeof SwapRequest>;

/** GET /metering-points/:id/swaps, newest first. */
export const MeterSwap = Type.Object({
  timeMs: Type.Number(),
  register: Register,
  finalMwh: Type.Integer(),
  firstMwh: Type.Integer(),
  oldSerial: Type.String(),
  newSerial: Type.String(),
  ...actFields,
});
export type MeterSwap = Static<typeof MeterSwap>;
