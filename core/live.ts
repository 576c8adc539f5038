/** The live lane (QoS 0) and the status and mark messages: small JSON, never stored as truth. */
import { type Static, Type } from 'typebox';
import { QUALITIES } from './quality.ts';

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

/** On .../status, retained: birth by the agent, `offline` by its will. */
export const EdgeStatus = Type.Object({
  state: Type.Enum(['online', 'offline']),
  sinceMs: Type.Number(),
  boot: Type.String(),
  version: Type.String(),
  devices: Type.Array(
    Type.Object({
      device: Type.String(),
      profile: Type.String(),
      title: Type.String(),
      points: Type.Array(Type.String()),
      commands: Type.Array(Type.String()),
      periodMs: Type.Number(),
    }),
  ),
  /** Packs waiting in the outbox when this was written. */
  backlog: Type.Number(),
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
