/** HTTP between the broker (owner of the log and the series store) and its readers; bearer service token. */
import { type Static, Type } from 'typebox';
import { InvariantAudit } from './audit/invariants.ts';
import { HubTimeState } from './hub-time.ts';
import { QUALITIES } from './quality.ts';
import { Nullable } from './schema.ts';

/** Readings stamped later than this after their receipt are not of this world: a wrong clock, or worse. */
export const FUTURE_TOLERANCE_MS = 300_000;
/** An agent's outbox keeps less than this: an older stamp is a clock that was never set. */
export const PAST_TOLERANCE_MS = 400 * 86_400_000;

/** One pack as it was acknowledged. `receivedMs` is the broker's own clock, also in a demo. `cursor` rises strictly; `hash` is SHA-256 of `body`, hex. */
export const LogEntry = Type.Object({
  cursor: Type.Integer(),
  edge: Type.String(),
  epoch: Type.String(),
  seq: Type.Integer(),
  receivedMs: Type.Integer(),
  /** False when the broker did not know whether its clock was right; absent otherwise. */
  isHubTrusted: Type.Optional(Type.Boolean()),
  hash: Type.String(),
  /** The SenML text, byte for byte. */
  body: Type.String(),
});
export type LogEntry = Static<typeof LogEntry>;

export const HOLE_REASONS = ['body', 'row', 'page', 'missing'] as const;

/**
 * What the log acknowledged and cannot give any more, both cursors included. `edge`, `epoch` and `seq` are of the one pack
 * that stood there, null where nobody knows. `body`: other bytes than its SHA-256 says; `row`: what stands beside the body
 * was changed; `page`: the file cannot be read there; `missing`: the row is gone.
 */
export const LogHole = Type.Object({
  fromCursor: Type.Integer(),
  toCursor: Type.Integer(),
  edge: Nullable(Type.String()),
  epoch: Nullable(Type.String()),
  seq: Nullable(Type.Integer()),
  reason: Type.Enum([...HOLE_REASONS]),
});
export type LogHole = Static<typeof LogHole>;

/**
 * GET /log?after=CURSOR&limit=N&waitMs=M: oldest first; waits up to waitMs when there is nothing yet. `behind` entries come
 * after `next`: cursors rise in leaps. A follower that also names `log`, `generation` and the `hash` of the entry at
 * `after` is told by 409 when the log is not what it has read: see `LogChanged`.
 */
export const LogPage = Type.Object({
  log: Type.String(),
  generation: Type.Integer(),
  entries: Type.Array(LogEntry),
  holes: Type.Array(LogHole),
  next: Type.Integer(),
  head: Type.Integer(),
  behind: Type.Integer(),
});
export type LogPage = Static<typeof LogPage>;

/**
 * The problem `broker.log-changed`: up to `commonCursor` the log is what the follower has read. It goes on from there at
 * most, and takes only packs (edge, epoch, seq) that it has never taken.
 */
export const LogChanged = Type.Object({
  code: Type.Literal('broker.log-changed'),
  log: Type.String(),
  generation: Type.Integer(),
  commonCursor: Type.Integer(),
});
export type LogChanged = Static<typeof LogChanged>;

/** Readings in one answer of GET /series. */
export const SERIES_PAGE_MAX = 10_000;
/** Series in one answer of GET /series/last. */
export const LAST_PAGE_MAX = 1000;

/**
 * GET /series?edge=&device=&point=&fromMs=&toMs=&limit=: from inclusive, to exclusive, ascending time, in pages. A page may
 * hold fewer than `limit`, or none, and not be the last: go on until `next` is null.
 */
export const SeriesRange = Type.Object({
  edge: Type.String(),
  device: Type.String(),
  point: Type.String(),
  timesMs: Type.Array(Type.Number()),
  values: Type.Array(Type.Union([Type.Number(), Type.Null()])),
  qualities: Type.Array(Type.Enum([...QUALITIES])),
  /** Only for states: the words, in the order of `timesMs`; `values` are null then. */
  words: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Null()]))),
  /** The `fromMs` to go on from; null at the end. */
  next: Type.Union([Type.Number(), Type.Null()]),
});
export type SeriesRange = Static<typeof SeriesRange>;

/** GET /series/last?edge=&after=&limit=: the newest sample of every series, by edge, device and point; without `edge`, of all edges. */
export const LastValues = Type.Object({
  values: Type.Array(
    Type.Object({
      edge: Type.String(),
      device: Type.String(),
      point: Type.String(),
      timeMs: Type.Number(),
      value: Type.Union([Type.Number(), Type.String(), Type.Null()]),
      quality: Type.Enum([...QUALITIES]),
    }),
  ),
  /** The `after` to go on with, `edge/device/point`; null at the end. */
  next: Type.Union([Type.String(), Type.Null()]),
});
export type LastValues = Static<typeof LastValues>;

/**
 * What could not be taken as it came, newest last. `pack`: a whole pack in quarantine, until it is released; `record`: one
 * record of a pack that was otherwise held, or how many more of it; `conflict`: a second, different value for the same
 * series and time (the first was kept).
 */
export const DeadLetter = Type.Object({
  id: Type.Integer(),
  receivedMs: Type.Integer(),
  edge: Type.String(),
  kind: Type.Enum(['pack', 'record', 'conflict']),
  /** A code of core/error-catalogue.ts. */
  code: Type.String(),
  reason: Type.String(),
  epoch: Type.Union([Type.String(), Type.Null()]),
  seq: Type.Union([Type.Integer(), Type.Null()]),
  /** The bytes at fault, as text; shortened to 4000 characters. */
  text: Type.String(),
});
export type DeadLetter = Static<typeof DeadLetter>;

/** GET /dead-letters?after=ID&limit=N (<=1000). */
export const DeadLetterPage = Type.Object({ letters: Type.Array(DeadLetter), next: Type.Integer() });
export type DeadLetterPage = Static<typeof DeadLetterPage>;

/** DELETE /quarantine?edge=ID: every letter of kind `pack` of that edge is deleted for good; `released` is how many. */
export const QuarantineRelease = Type.Object({ edge: Type.String(), released: Type.Integer() });
export type QuarantineRelease = Static<typeof QuarantineRelease>;

/** One InfluxDB target: what it holds, how far behind it is, and what keeps it (docs/influxdb.md). */
export const ProjectionStatus = Type.Object({
  name: Type.String(),
  state: Type.Enum(['starting', 'writing', 'caught-up', 'waiting', 'stopped']),
  cursor: Type.Integer(),
  /** How long the oldest pack known to be missing there has waited; 0 when caught up. */
  lagMs: Type.Number(),
  /** Since the broker started: each point tried is counted once, as written or as refused. */
  pointsWritten: Type.Integer(),
  pointsRefused: Type.Integer(),
  /** Samples without trusted time, and packs that could not be read: they stay in the log only. */
  samplesUntimed: Type.Integer(),
  packsUnreadable: Type.Integer(),
  lastWriteMs: Type.Union([Type.Number(), Type.Null()]),
  trouble: Type.Union([
    Type.Object({ code: Type.String(), message: Type.String(), sinceMs: Type.Number(), attempts: Type.Integer() }),
    Type.Null(),
  ]),
  /** What was refused, newest last: of one series for one reason `count` points, the newest of `timeMs`. The readings themselves are safe in the log. */
  letters: Type.Array(
    Type.Object({
      atMs: Type.Number(),
      cursor: Type.Integer(),
      count: Type.Integer(),
      series: Type.String(),
      timeMs: Type.Number(),
      reason: Type.String(),
    }),
  ),
});
export type ProjectionStatus = Static<typeof ProjectionStatus>;

/** How the log itself stands: which it is, what of it is damaged, and who has seen more of it than there is. */
export const LogState = Type.Object({
  id: Type.String(),
  generation: Type.Integer(),
  /** When this generation began, and why. */
  sinceMs: Type.Number(),
  cause: Type.Enum(['created', 'restored', 'rolled-back', 'repaired']),
  /** Damaged packs, by edge; `asked` are those that their edge is asked for, `declared` those it no longer has. */
  holes: Type.Array(
    Type.Object({
      edge: Nullable(Type.String()),
      packs: Type.Integer(),
      asked: Type.Integer(),
      mended: Type.Integer(),
      declared: Type.Integer(),
      sinceMs: Type.Number(),
      lastMs: Type.Number(),
    }),
  ),
  /** `damaged`: packs are missing that may still come again. */
  damage: Type.Enum(['none', 'damaged']),
  /** Edges that were told a higher mark than this log has: it is an older copy. */
  fallenBehind: Type.Array(
    Type.Object({
      edge: Type.String(),
      epoch: Type.String(),
      heldSeq: Type.Integer(),
      markSeq: Type.Integer(),
      sinceMs: Type.Number(),
    }),
  ),
});
export type LogState = Static<typeof LogState>;

/** GET /status: how the broker and its log stand. */
export const BrokerStatus = Type.Object({
  community: Type.String(),
  nowMs: Type.Number(),
  /** Newest cursor of the log. */
  head: Type.Integer(),
  log: LogState,
  accessVersion: Type.Integer(),
  /** When the access document was last confirmed by a PUT; null when it never was. */
  accessSyncedMs: Type.Union([Type.Number(), Type.Null()]),
  /** Packs received but not yet committed. */
  pending: Type.Integer(),
  deadLetters: Type.Integer(),
  /** Of those that were asked for since the start; they are answered without what they said. */
  deadLettersDamaged: Type.Optional(Type.Integer()),
  /** False while commits fail: nothing is acknowledged then. */
  isWritable: Type.Boolean(),
  marks: Type.Array(
    Type.Object({ edge: Type.String(), epoch: Type.String(), seq: Type.Integer(), seenMs: Type.Number() }),
  ),
  clients: Type.Array(
    Type.Object({ user: Type.String(), clientId: Type.String(), role: Type.String(), sinceMs: Type.Number() }),
  ),
  /** Followers that keep their place here; `behind` entries are still before them. */
  sinks: Type.Array(Type.Object({ name: Type.String(), cursor: Type.Integer(), behind: Type.Integer() })),
  projections: Type.Array(ProjectionStatus),
  /** What must always hold of the log: the verdict of the last look at each. */
  audit: Type.Array(InvariantAudit),
  /** What the broker knows of the time. */
  hubTime: HubTimeState,
  /** Packs whose readings have no time yet, by edge and by what they wait for. */
  waiting: Type.Array(
    Type.Object({
      edge: Type.String(),
      reason: Type.Enum(['boot', 'hub']),
      packs: Type.Integer(),
      sinceMs: Type.Number(),
    }),
  ),
});
export type BrokerStatus = Static<typeof BrokerStatus>;

/** GET /refusals: why the broker last did not let in an enrolled edge. The name was claimed, not proven: `address` says from where. */
export const LoginRefusal = Type.Object({
  edge: Type.String(),
  atMs: Type.Number(),
  /** A code of core/error-catalogue.ts. */
  code: Type.String(),
  reason: Type.String(),
  address: Type.String(),
});
export type LoginRefusal = Static<typeof LoginRefusal>;
/** Somebody enrolled who was cut or held back for what it did, within the last hour: how often, and when last. */
export const Misuse = Type.Object({
  user: Type.String(),
  code: Type.String(),
  reason: Type.String(),
  /** Empty where it was no single connection. */
  address: Type.String(),
  count: Type.Integer(),
  sinceMs: Type.Number(),
  lastMs: Type.Number(),
});
export type Misuse = Static<typeof Misuse>;
export const LoginRefusalList = Type.Object({
  nowMs: Type.Number(),
  refusals: Type.Array(LoginRefusal),
  misuse: Type.Array(Misuse),
});
export type LoginRefusalList = Static<typeof LoginRefusalList>;

/** PUT /access: the broker's copy of identities, replaced whole; a lower version is refused. */
export const AccessDocument = Type.Object({
  version: Type.Integer(),
  community: Type.String(),
  principals: Type.Array(
    Type.Object({
      /** MQTT user name; an edge's is its id, and its client id must be the same. */
      user: Type.String(),
      role: Type.Enum(['edge', 'service', 'operator', 'readonly']),
      /** `sha256$salt$hash` of a random secret (over salt, line feed, secret), or `scrypt$N$r$p$salt$hash`; base64url. */
      secretHash: Type.String(),
      enabled: Type.Boolean(),
    }),
    { maxItems: 10_000 },
  ),
});
export type AccessDocument = Static<typeof AccessDocument>;
