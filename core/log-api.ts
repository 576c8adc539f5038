/** HTTP between the broker (owner of the log and the series store) and its readers; bearer service token. */
import { type Static, Type } from 'typebox';
import { QUALITIES } from './quality.ts';

/** One pack as it was acknowledged. `cursor` rises strictly; `hash` is SHA-256 of `body`, hex. */
export const LogEntry = Type.Object({
  cursor: Type.Integer(),
  edge: Type.String(),
  epoch: Type.String(),
  seq: Type.Integer(),
  receivedMs: Type.Integer(),
  hash: Type.String(),
  /** The SenML text, byte for byte. */
  body: Type.String(),
});
export type LogEntry = Static<typeof LogEntry>;

/** GET /log?after=CURSOR&limit=N&waitMs=M: oldest first; waits up to waitMs when there is nothing yet. */
export const LogPage = Type.Object({ entries: Type.Array(LogEntry), next: Type.Integer(), head: Type.Integer() });
export type LogPage = Static<typeof LogPage>;

/** GET /series?edge=&device=&point=&fromMs=&toMs=: from inclusive, to exclusive, ascending time. */
export const SeriesRange = Type.Object({
  edge: Type.String(),
  device: Type.String(),
  point: Type.String(),
  timesMs: Type.Array(Type.Number()),
  values: Type.Array(Type.Union([Type.Number(), Type.Null()])),
  qualities: Type.Array(Type.Enum([...QUALITIES])),
});
export type SeriesRange = Static<typeof SeriesRange>;

/** PUT /access: the broker's copy of identities, replaced whole; a lower version is refused. */
export const AccessDocument = Type.Object({
  version: Type.Integer(),
  community: Type.String(),
  principals: Type.Array(
    Type.Object({
      /** MQTT user name; an edge's is its id, and its client id must be the same. */
      user: Type.String(),
      role: Type.Enum(['edge', 'service', 'operator', 'readonly']),
      /** scrypt: `scrypt$N$r$p$salt$hash`, base64url. */
      secretHash: Type.String(),
      enabled: Type.Boolean(),
    }),
    { maxItems: 10_000 },
  ),
});
export type AccessDocument = Static<typeof AccessDocument>;
