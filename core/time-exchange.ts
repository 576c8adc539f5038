/** How an edge learns the time of its hub: it asks on .../ask, the hub answers on .../time (RFC 5905's four stamps). */
import { type Static, Type } from 'typebox';
import { TIME_MAX_MS } from './schema.ts';

/** A request as the edge sends it: QoS 0, not retained; the answer carries the id and the edge's own stamp back. */
export const TimeRequest = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  /** The edge's monotonic milliseconds when it sent this; means nothing to the hub. */
  sentMs: Type.Number({ minimum: 0, maximum: TIME_MAX_MS }),
});
export type TimeRequest = Static<typeof TimeRequest>;

const HubTimeMs = Type.Number({ minimum: 0, maximum: TIME_MAX_MS });

/** The hub's answer: its wall clock when the request came and when this left, and how far that clock may be off. */
export const TimeAnswer = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  sentMs: Type.Number({ minimum: 0, maximum: TIME_MAX_MS }),
  receivedMs: HubTimeMs,
  answeredMs: HubTimeMs,
  /** False: the hub itself does not know whether its clock is right. */
  isTrusted: Type.Boolean(),
  /** Bound of the hub's own error, milliseconds. */
  errorMs: Type.Number({ minimum: 0, maximum: TIME_MAX_MS }),
});
export type TimeAnswer = Static<typeof TimeAnswer>;

/** Whose time an edge goes by: its system's time service, the hub's, a demo's, or nobody's yet. */
export const TIME_SOURCES = ['system', 'hub', 'demo', 'none'] as const;
export type TimeSource = (typeof TIME_SOURCES)[number];

/** A clock known to be within this of the truth may be trusted; one measured further off is told in an alarm. */
export const SKEW_MAX_MS = 2000;
