/** The demo clock's protocol: JSON lines over TCP between the simulated world and every process of a demo. */
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

/** What a fault does to one device on the wire, for `count` requests (or telegrams); `clear` ends it at once. */
export const WIRE_FAULTS = [
  'drop',
  'late',
  'wrong-crc',
  'truncated',
  'exception',
  /** The request is executed, and refused all the same. */
  'exception-after',
  'glitch',
  'clear',
] as const;
export type WireFault = (typeof WIRE_FAULTS)[number];

const id = Type.Integer({ minimum: 0 });

/** First line of every client. A driver takes part in the lock-step of the replay; an observer only looks. */
const Hello = Type.Object({
  type: Type.Literal('hello'),
  name: Type.String({ maxLength: 80 }),
  isDriver: Type.Boolean(),
});
/** This `time` message was seen: the world pushes telegrams only after every driver knows the time, and outruns nobody by much. */
const Arrived = Type.Object({ type: Type.Literal('arrived'), atMs: Type.Number() });
/** A driver has read everything it wanted at `doneMs`; null before its first instant. */
const Advance = Type.Object({ type: Type.Literal('advance'), doneMs: Type.Union([Type.Number(), Type.Null()]) });
const RegistersRequest = Type.Object({ type: Type.Literal('registers'), id });
const FaultRequest = Type.Object({
  type: Type.Literal('fault'),
  id,
  device: Type.String({ maxLength: 40 }),
  fault: Type.Enum([...WIRE_FAULTS]),
  count: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  /** Only for `late`: how long the reply is held back. */
  delayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
});
/** The world's answer to a person: a badge held to the reader now, for tests and for playing. */
const BadgeRequest = Type.Object({
  type: Type.Literal('badge'),
  id,
  uid: Type.String({ pattern: '^[0-9A-F]{8,20}$' }),
});

export const ClockRequest = Type.Union([Hello, Arrived, Advance, RegistersRequest, FaultRequest, BadgeRequest]);
export type ClockRequest = Static<typeof ClockRequest>;

/** What time it is: on connection, on every step, on every change of mode, and at least each second while running. */
const TimeMessage = Type.Object({
  type: Type.Literal('time'),
  nowMs: Type.Number(),
  speed: Type.Number(),
  mode: Type.Enum(['demo', 'replaying']),
});
/** To a driver that asked to advance: everything of this instant is on the wire, read it. */
const InstantMessage = Type.Object({ type: Type.Literal('instant'), atMs: Type.Number() });

/** One device's registers, the oracle of the system tests: what the wire shows, and the exact value behind it. */
export const OracleRegisters = Type.Object({
  importedMwh: Type.Integer(),
  exportedMwh: Type.Integer(),
  exactImportedMwh: Type.Integer(),
  exactExportedMwh: Type.Integer(),
});
export type OracleRegisters = Static<typeof OracleRegisters>;
const RegistersReply = Type.Object({
  type: Type.Literal('registers'),
  id,
  atMs: Type.Number(),
  devices: Type.Record(Type.String(), OracleRegisters),
});
const DoneReply = Type.Object({ type: Type.Literal('done'), id });
const RefusedReply = Type.Object({ type: Type.Literal('refused'), id, reason: Type.String() });

export const ClockMessage = Type.Union([TimeMessage, InstantMessage, RegistersReply, DoneReply, RefusedReply]);
export type ClockMessage = Static<typeof ClockMessage>;

/** The environment variable that names the demo clock, `host:port`. */
export const CLOCK_VARIABLE = 'COMMONWORKS_CLOCK';

/** A longer line is not of this protocol. */
export const CLOCK_LINE_BYTES_MAX = 65_536;

/** One line to a request; null for anything that is not one. */
export function parseClockRequest(line: string): ClockRequest | null {
  const value = parseJson(line);
  return Value.Check(ClockRequest, value) ? value : null;
}

/** One line to a message of the world; null for anything that is not one. */
export function parseClockMessage(line: string): ClockMessage | null {
  const value = parseJson(line);
  return Value.Check(ClockMessage, value) ? value : null;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
