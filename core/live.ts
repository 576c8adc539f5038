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

/** The log a mark is of: its name, and how often it has since become another (a backup put back, a repair). */
const LogName = { log: Type.String({ maxLength: 80 }), generation: Type.Integer({ minimum: 1 }) };

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
  /** The newest mark this agent has had, so that a log which has fallen back behind it learns of it. */
  held: Type.Optional(Type.Object({ ...LogName, epoch: Type.String({ maxLength: 80 }), seq: Type.Integer() })),
});
export type EdgeStatus = Static<typeof EdgeStatus>;

/** Packs of an epoch, both ends included. */
export const SeqRange = Type.Object({
  epoch: Type.String({ maxLength: 80 }),
  fromSeq: Type.Integer({ minimum: 1 }),
  toSeq: Type.Integer({ minimum: 1 }),
});
export type SeqRange = Static<typeof SeqRange>;

/**
 * On .../mark: everything of this epoch up to and including `seq` is held by the log. A mark that is lower than one before
 * says that the log has lost what it had: what is still there is sent again, the rest declared by a `gap`.
 */
export const MarkMessage = Type.Object({
  epoch: Type.String(),
  seq: Type.Integer(),
  /** SHA-256 of the held pack `seq`, hex; an outbox with other bytes there is not the one the log knows. Absent for a declared gap. */
  hash: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  /** Absent in marks of brokers of earlier versions. */
  log: Type.Optional(LogName.log),
  generation: Type.Optional(LogName.generation),
  /** Ranges up to the mark that the log had and that were damaged there: wanted again, or declared by a `gap`. */
  wanted: Type.Optional(Type.Array(SeqRange, { maxItems: 100 })),
});
export type MarkMessage = Static<typeof MarkMessage>;
