/** The hub's own time: what vouches for it, how far it may be off, and what a person confirmed from a browser. */
import { type Static, Type } from 'typebox';
import { Nullable, TIME_MAX_MS } from './schema.ts';

/**
 * What the hub's time rests on. `system`: its time service; `host`: site.yaml says that the host keeps it; `confirmed`: a
 * person compared it with a browser's; `chip`: a clock chip of measured drift; `demo`: the demo's; `none`: nothing.
 */
export const HUB_TIME_SOURCES = ['system', 'host', 'confirmed', 'chip', 'demo', 'none'] as const;
export type HubTimeSource = (typeof HUB_TIME_SOURCES)[number];

/**
 * Beyond this bound of its error the hub's time counts as unknown: a thirtieth of a quarter hour. It is wider than what agents are
 * held to, for they go by the hub: what is compared stays within two seconds, and a village without internet has days.
 */
export const HUB_ERROR_MAX_MS = 30_000;

const TimeMs = Type.Number({ minimum: 0, maximum: TIME_MAX_MS });

/** Somebody compared the hub's time with a browser's, and the hub's time was set right by it. */
export const TimeConfirmation = Type.Object({
  /** The right time then. */
  atMs: TimeMs,
  /** By how much this set the hub's time forward; negative: back. */
  offsetMs: Type.Number(),
  /** How far the browser's word may be off. */
  errorMs: Type.Number({ minimum: 0 }),
  /** Who, as the members' list names them. */
  by: Type.String({ maxLength: 200 }),
  /** The kernel's life and its elapsed milliseconds at that moment. */
  boot: Type.String({ maxLength: 80 }),
  upMs: Type.Number({ minimum: 0 }),
});
export type TimeConfirmation = Static<typeof TimeConfirmation>;

export const HubTimeState = Type.Object({
  /** The hub's time: the machine's clock plus `correctionMs`. */
  nowMs: TimeMs,
  isTrusted: Type.Boolean(),
  source: Type.Enum([...HUB_TIME_SOURCES]),
  /** Bound of its error; null when nothing is known of it. */
  errorMs: Nullable(Type.Number({ minimum: 0 })),
  correctionMs: Type.Number(),
  /** When the source was last heard or confirmed; null for none. */
  measuredMs: Nullable(TimeMs),
  /** When the bound of the error will pass what is trusted; null when it does not grow. */
  untilMs: Nullable(TimeMs),
});
export type HubTimeState = Static<typeof HubTimeState>;
