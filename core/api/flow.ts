/** What the energy-flow picture shows. Power in W, energy in whole mWh, times in UTC epoch ms. */
import { type Static, Type } from 'typebox';
import { Nullable, QualitySchema } from '../schema.ts';

export const FLOW_KINDS = ['sun', 'battery', 'grid', 'homes', 'workshop'] as const;
export type FlowKind = (typeof FLOW_KINDS)[number];

/** `powerW` in the bus's sign: out of the bus positive; at the grid import positive. Null when missing. */
export const FlowNode = Type.Object({
  kind: Type.Enum([...FLOW_KINDS]),
  powerW: Nullable(Type.Number()),
  quality: QualitySchema,
  /** Time of the oldest value in the sum; null when nothing was ever heard. */
  sinceMs: Nullable(Type.Number()),
  isStale: Type.Boolean(),
  /** Devices in this node, and how many of them have a usable value. */
  devices: Type.Integer(),
  devicesFresh: Type.Integer(),
});

export const Flow = Type.Object({
  atMs: Type.Number(),
  nodes: Type.Array(FlowNode),
  /** Grid minus the sum of the others: what the meters do not explain; null when a part is missing. */
  residualW: Nullable(Type.Number()),
  /** Part of present use covered by sun and battery, 0 to 100; null when a part is missing, or no meter stands at a source. */
  ownCoverPct: Nullable(Type.Number()),
  socPct: Nullable(Type.Number()),
});
export type Flow = Static<typeof Flow>;
export type FlowNode = Static<typeof FlowNode>;

/** One 15-minute interval of a local day, by kind; mWh in the direction named. Null is missing, never zero. */
export const DayInterval = Type.Object({
  startMs: Type.Number(),
  sunMwh: Nullable(Type.Integer()),
  batteryChargedMwh: Nullable(Type.Integer()),
  batteryDischargedMwh: Nullable(Type.Integer()),
  gridImportedMwh: Nullable(Type.Integer()),
  gridExportedMwh: Nullable(Type.Integer()),
  homesMwh: Nullable(Type.Integer()),
  workshopMwh: Nullable(Type.Integer()),
  quality: QualitySchema,
  coveragePct: Type.Number(),
});
export const EnergyDay = Type.Object({
  day: Type.String(),
  zone: Type.String(),
  /** Kinds at which a meter stood on this day; a figure of any other kind is null because nobody measures it. */
  metered: Type.Array(Type.Enum([...FLOW_KINDS])),
  intervals: Type.Array(DayInterval),
});
export type EnergyDay = Static<typeof EnergyDay>;
