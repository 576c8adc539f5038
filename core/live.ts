/** The live lane (QoS 0) and the status and mark messages: small JSON, never stored as truth. */
import { type Static, Type } from 'typebox';
import { DeviceDescription } from './device-list.ts';
import { QUALITIES } from './quality.ts';
import { Nullable } from './schema.ts';
import { TIME_SOURCES } from './time-exchange.ts';

/** On .../live: the latest values of one device. Values as in a pack; null with a quality when there is none. */
export const LiveValues = Type.Object({
  device: Type.String(),
  timeMs: Type.Number(),
  values: Type.Record(
    Type.String(),
    Type.Object({ value: Type.Union([Type.Number(), Type.String(), Type.Null()]), quality: Type.Enum([...QUALITIES]) }),
  ),
});
export type LiveValues = Static<typeof LiveValues>;

/**
 * What an agent knows of its own clock. `isTrusted`: its wall clock is right within two seconds, as the source says.
 * Not trusted but source `hub`: its wall clock is wrong by `offsetMs`, and its stamps are corrected. `none`: what it
 * reads now is placed later. `offsetMs`: its wall clock minus the hub's, so positive when it is ahead.
 */
export const EdgeClock = Type.Object({
  isTrusted: Type.Boolean(),
  source: Type.Enum([...TIME_SOURCES]),
  offsetMs: Nullable(Type.Number()),
  errorMs: Nullable(Type.Number()),
  /** When the offset was measured, by the hub's clock. */
  measuredMs: Nullable(Type.Number()),
});
export type EdgeClock = Static<typeof EdgeClock>;

/** On .../status, retained: birth by the agent, `offline` by its will. */
export const EdgeStatus = Type.Object({
  state: Type.Enum(['online', 'offline']),
  sinceMs: Type.Number(),
  boot: Type.String(),
  version: Type.String(),
  /** Of agents of earlier versions; today's send their list on .../devices, so that status and will stay small. */
  devices: Type.Optional(Type.Array(DeviceDescription)),
  /** Packs waiting in the outbox when this was written. */
  backlog: Type.Number(),
  clock: Type.Optional(EdgeClock),
});
export type EdgeStatus = Static<typeof EdgeStatus>;

/** On .../mark: everything of this epoch up to and including `seq` is held by the log. */
export const MarkMessage = Type.Object({
  epoch: Type.String(),
  seq: Type.Integer(),
  /** SHA-256 of the held pack `seq`, hex; an outbox with other bytes there is not the one the log knows. Absent for a declared gap. */
  hash: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
});
export type MarkMessage = Static<typeof MarkMessage>;
