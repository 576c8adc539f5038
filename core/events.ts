/** Event records of the durable lane: what happened at the edge, as data. */
import { type Static, Type } from 'typebox';
import { ACTIVITIES } from './points.ts';
import { Nullable, SafeInteger, TIME_MAX_MS } from './schema.ts';
import { TIME_SOURCES } from './time-exchange.ts';

const Text = Type.String({ maxLength: 500 });

/** How a step of a counter can be judged that was not a plain rise. */
export const JUDGEMENT_KINDS = ['reset', 'rollover', 'glitch', 'dip', 'swap', 'frozen', 'slow'] as const;

/**
 * An agent's own judgement of one step that was not a plain rise; energies in mWh. For agents that know more of their
 * device than its register says; ours send the register, and the community judges.
 */
export const CounterEvent = Type.Object({
  point: Type.String(),
  kind: Type.Enum([...JUDGEMENT_KINDS]),
  beforeMwh: SafeInteger,
  afterMwh: SafeInteger,
  /** Energy that truly flowed in this step, as the engine judges it; null when it cannot be known. */
  creditedMwh: Type.Union([SafeInteger, Type.Null()]),
});

/** A badge was shown. `badge` is a keyed hash of the UID, hex, never the UID itself. */
export const BadgeEvent = Type.Object({ badge: Type.String({ pattern: '^[0-9a-f]{64}$' }), reader: Type.String() });

/** A machine's activity changed; `raw` is what the controller said, kept as evidence. */
export const MachineEvent = Type.Object({ activity: Type.Enum([...ACTIVITIES]), raw: Text, source: Text });

/** One step of a command's life, reported by the edge. */
export const ReceiptEvent = Type.Object({
  command: Type.String(),
  state: Type.Enum(['accepted', 'written', 'confirmed', 'failed', 'expired', 'reverted']),
  /** What was read back, in the command's unit; null when nothing could be read. */
  observed: Type.Union([Type.Number(), Type.Null()]),
  reason: Text,
});

/** As many digits as a pack's key may have. */
const SeqNumber = Type.Integer({ minimum: 1, maximum: 999_999_999_999_999 });

/** A range of sequence numbers that this edge had to drop before it was held by the log. */
export const GapEvent = Type.Object({
  epoch: Type.String({ maxLength: 80 }),
  fromSeq: SeqNumber,
  toSeq: SeqNumber,
  reason: Text,
});

/** Once time is trusted: epoch ms = monotonic ms of that boot + offsetMs. */
export const ClockEvent = Type.Object({
  boot: Type.String({ maxLength: 80 }),
  offsetMs: Type.Number({ minimum: 0, maximum: TIME_MAX_MS }),
});

/** How far the edge's wall clock was from the hub's: edge minus hub, positive when the edge is ahead; null: not known. */
export const SkewEvent = Type.Object({
  offsetMs: Nullable(Type.Number({ minimum: -TIME_MAX_MS, maximum: TIME_MAX_MS })),
  errorMs: Nullable(Type.Number({ minimum: 0, maximum: TIME_MAX_MS })),
  isTrusted: Type.Boolean(),
  source: Type.Enum([...TIME_SOURCES]),
});

/** A device's state of reach changed. */
export const DeviceEvent = Type.Object({
  state: Type.Enum(['online', 'unreachable', 'misconfigured']),
  code: Text,
  reason: Text,
});

/**
 * Which device it is, as the device itself says it: a meter that was swapped answers with another serial number.
 * Sent when first read after a start, when it changes, and once a day.
 */
export const IdentityEvent = Type.Object({
  serial: Type.String({ minLength: 1, maxLength: 64 }),
  manufacturer: Type.Optional(Type.String({ maxLength: 64 })),
  model: Type.Optional(Type.String({ maxLength: 64 })),
  firmware: Type.Optional(Type.String({ maxLength: 64 })),
});

export const EVENT_SCHEMAS = {
  counter: CounterEvent,
  badge: BadgeEvent,
  machine: MachineEvent,
  receipt: ReceiptEvent,
  gap: GapEvent,
  clock: ClockEvent,
  skew: SkewEvent,
  device: DeviceEvent,
  identity: IdentityEvent,
} as const;

export type EventType = keyof typeof EVENT_SCHEMAS;
export type CounterEvent = Static<typeof CounterEvent>;
export type BadgeEvent = Static<typeof BadgeEvent>;
export type MachineEvent = Static<typeof MachineEvent>;
export type ReceiptEvent = Static<typeof ReceiptEvent>;
export type GapEvent = Static<typeof GapEvent>;
export type ClockEvent = Static<typeof ClockEvent>;
export type SkewEvent = Static<typeof SkewEvent>;
export type DeviceEvent = Static<typeof DeviceEvent>;
export type IdentityEvent = Static<typeof IdentityEvent>;
