/** The time of the hub and of its agents, as staff see and confirm it. */
import { type Static, Type } from 'typebox';
import { HubTimeState, TimeConfirmation } from '../hub-time.ts';
import { Nullable, TIME_MAX_MS } from '../schema.ts';
import { TIME_SOURCES } from '../time-exchange.ts';

/** One measurement of an agent's clock: `offsetMs` is agent minus hub, positive when the agent is ahead. */
export const ClockMeasurement = Type.Object({
  measuredMs: Type.Number(),
  offsetMs: Nullable(Type.Number()),
  errorMs: Nullable(Type.Number()),
  isTrusted: Type.Boolean(),
  source: Type.Enum([...TIME_SOURCES]),
});
export type ClockMeasurement = Static<typeof ClockMeasurement>;

/** An agent and what it said of its clock, newest first; none when it never said anything. */
export const EdgeClockRecord = Type.Object({
  edge: Type.String(),
  edgeName: Type.String(),
  history: Type.Array(ClockMeasurement),
});
export type EdgeClockRecord = Static<typeof EdgeClockRecord>;

/** Packs that are held safely and have no place in time yet. */
export const WaitingPacks = Type.Object({
  edge: Type.String(),
  edgeName: Type.String(),
  reason: Type.Enum(['boot', 'hub']),
  packs: Type.Integer(),
});
export type WaitingPacks = Static<typeof WaitingPacks>;

/** GET /clocks. */
export const Clocks = Type.Object({
  hub: HubTimeState,
  confirmations: Type.Array(TimeConfirmation),
  edges: Type.Array(EdgeClockRecord),
  waiting: Type.Array(WaitingPacks),
});
export type Clocks = Static<typeof Clocks>;

/** POST /clocks/confirmations: the browser's clock when this was sent, and how long the last answer was on its way. */
export const ConfirmTimeRequest = Type.Object(
  {
    browserMs: Type.Number({ minimum: 0, maximum: TIME_MAX_MS }),
    roundTripMs: Type.Number({ minimum: 0, maximum: 60_000 }),
  },
  { additionalProperties: false },
);
export type ConfirmTimeRequest = Static<typeof ConfirmTimeRequest>;
