/** A member's share, statement and the trace behind each figure. Energy whole mWh, money whole minor units. */
import { type Static, Type } from 'typebox';
import { Nullable, QualitySchema } from '../schema.ts';
import { RegisterAccount } from './closing.ts';

const Energy = Nullable(Type.Integer());

export const ALLOCATION_METHODS = ['pro-rata', 'fixed'] as const;
export type AllocationMethod = (typeof ALLOCATION_METHODS)[number];

/** Whose use a holder's part of the fixed key is held against: hers over all her points, or each point's by itself. */
export const SHARE_BY = ['member', 'point'] as const;
export type ShareBy = (typeof SHARE_BY)[number];

/**
 * What a battery's charge is taken to be made of: `proportional`, it takes its part of the production like any use;
 * `solar-first`, it takes what direct use leaves over. The rest of the charge came from the grid.
 */
export const STORAGE_ORIGINS = ['proportional', 'solar-first'] as const;
export type StorageOrigin = (typeof STORAGE_ORIGINS)[number];

/** One interval of one consumer: what was used, promised, allocated; and the proof it was made from. */
export const ShareInterval = Type.Object({
  startMs: Type.Number(),
  consumedMwh: Energy,
  offeredMwh: Energy,
  allocatedMwh: Energy,
  residualMwh: Energy,
  /** Community production in the interval. */
  productionMwh: Energy,
  openingMwh: Energy,
  closingMwh: Energy,
  quality: QualitySchema,
  coveragePct: Type.Number(),
  /** What largest-remainder rounding gave (+) or took (-), in millionths of a mWh. */
  roundingMicroMwh: Type.Integer(),
  /** How the value came about where it was not measured at both edges; `substitute`: a person typed it. */
  method: Nullable(Type.String()),
  /** Why a person typed it. */
  reason: Nullable(Type.String()),
});
export type ShareInterval = Static<typeof ShareInterval>;

export const ShareTotals = Type.Object({
  consumedMwh: Type.Integer(),
  allocatedMwh: Type.Integer(),
  residualMwh: Type.Integer(),
  productionMwh: Type.Integer(),
  /** Intervals expected, and those with a complete measurement. */
  intervals: Type.Integer(),
  intervalsComplete: Type.Integer(),
  quality: QualitySchema,
  /** What the allocated energy cost, and what the same from the grid would have. */
  costMinor: Type.Integer(),
  gridCostMinor: Type.Integer(),
});
export type ShareTotals = Static<typeof ShareTotals>;

/** GET /members/:id/share?day=YYYY-MM-DD: now, that day and its month. */
export const MemberShare = Type.Object({
  member: Type.String(),
  name: Type.String(),
  shares: Type.Integer(),
  sharesTotal: Type.Integer(),
  method: Type.Enum([...ALLOCATION_METHODS]),
  now: Type.Object({
    atMs: Type.Number(),
    consumptionW: Nullable(Type.Number()),
    /** The part of it that the community's production covers now, by the rule in force. */
    coveredW: Nullable(Type.Number()),
    isStale: Type.Boolean(),
  }),
  day: Type.Object({ day: Type.String(), totals: ShareTotals, intervals: Type.Array(ShareInterval) }),
  month: Type.Object({
    month: Type.String(),
    totals: ShareTotals,
    days: Type.Array(Type.Object({ day: Type.String(), consumedMwh: Type.Integer(), allocatedMwh: Type.Integer() })),
  }),
});
export type MemberShare = Static<typeof MemberShare>;

export const LINE_KINDS = ['energy', 'session', 'credit', 'adjustment'] as const;
export const StatementLine = Type.Object({
  id: Type.String(),
  kind: Type.Enum([...LINE_KINDS]),
  title: Type.String(),
  /** mWh for energy and credit, seconds for sessions. */
  quantity: Type.Integer(),
  unit: Type.Enum(['mWh', 's']),
  /** Minor units per kWh or hour, as decimal text: `12.5`. */
  unitPrice: Type.String(),
  /** Positive: the member owes; negative: the member is owed. */
  amountMinor: Type.Integer(),
  quality: QualitySchema,
  /** The ledger transaction this line was posted by; null on a draft. */
  transaction: Nullable(Type.String()),
});
export const Statement = Type.Object({
  id: Type.String(),
  member: Type.String(),
  memberName: Type.String(),
  month: Type.String(),
  currency: Type.String(),
  status: Type.Enum(['draft', 'settled']),
  version: Type.Integer(),
  method: Type.Enum([...ALLOCATION_METHODS]),
  lines: Type.Array(StatementLine),
  totalMinor: Type.Integer(),
  energy: ShareTotals,
  /** Of the member's registers that have any: values that people typed, and energy that stands in no interval. */
  account: Type.Array(RegisterAccount),
  roundingMicroMwh: Type.Integer(),
  settledMs: Nullable(Type.Number()),
  /** Hash of the ledger's newest entry when this was made: the anchor for `commonworks verify --head`. */
  ledgerHead: Nullable(Type.String()),
  /** Hash of the frozen inputs of the settlement run. */
  inputsHash: Nullable(Type.String()),
});
export type Statement = Static<typeof Statement>;
export type StatementLine = Static<typeof StatementLine>;

export const StatementSummary = Type.Object({
  month: Type.String(),
  status: Type.Enum(['draft', 'settled']),
  totalMinor: Type.Integer(),
  allocatedMwh: Type.Integer(),
});
export type StatementSummary = Static<typeof StatementSummary>;

/** A storage in a settled month: opening + charged + unknown = closing + given + lost, to the mWh. */
export const StorageSums = Type.Object({
  point: Type.String(),
  pointName: Type.String(),
  openingMwh: Type.Integer(),
  /** Charged from the community's production, and from the grid. */
  chargedOwnMwh: Type.Integer(),
  chargedGridMwh: Type.Integer(),
  /** Given back of the community's energy, and of what came from the grid or is of unknown origin. */
  givenOwnMwh: Type.Integer(),
  givenGridMwh: Type.Integer(),
  /** Part of the last that was not known to be held. */
  unknownMwh: Type.Integer(),
  lostMwh: Type.Integer(),
  closingMwh: Type.Integer(),
});
export type StorageSums = Static<typeof StorageSums>;

/** GET /settlements and POST /settlements {month}: a run freezes its inputs; a new run of a month is a new version. */
export const Settlement = Type.Object({
  id: Type.String(),
  month: Type.String(),
  version: Type.Integer(),
  method: Type.Enum([...ALLOCATION_METHODS]),
  status: Type.Enum(['settled', 'refused']),
  /** Why it was refused, in words: missing intervals, open period. */
  reasons: Type.Array(Type.String()),
  productionMwh: Type.Integer(),
  allocatedMwh: Type.Integer(),
  surplusMwh: Type.Integer(),
  storage: Type.Array(StorageSums),
  inputsHash: Type.String(),
  ledgerHead: Nullable(Type.String()),
  createdMs: Type.Number(),
});
export type Settlement = Static<typeof Settlement>;
