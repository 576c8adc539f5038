/** What operators see and do: devices, alarms, commands. */
import { type Static, Type } from 'typebox';
import { COMMAND_KINDS, COMMAND_STATES } from '../commands.ts';
import { Nullable, QualitySchema } from '../schema.ts';

export const DeviceValue = Type.Object({
  point: Type.String(),
  title: Type.String(),
  unit: Type.String(),
  value: Type.Union([Type.Number(), Type.String(), Type.Null()]),
  quality: QualitySchema,
  timeMs: Type.Number(),
});

export const Device = Type.Object({
  edge: Type.String(),
  edgeName: Type.String(),
  device: Type.String(),
  title: Type.String(),
  profile: Type.String(),
  state: Type.Enum(['online', 'unreachable', 'misconfigured', 'edge-offline', 'never-seen']),
  reason: Type.String(),
  lastSeenMs: Nullable(Type.Number()),
  isStale: Type.Boolean(),
  quality: QualitySchema,
  values: Type.Array(DeviceValue),
  /** Commands this device takes. */
  commands: Type.Array(Type.Enum([...COMMAND_KINDS])),
  backlog: Type.Integer(),
});
export type Device = Static<typeof Device>;
export type DeviceValue = Static<typeof DeviceValue>;

export const Alarm = Type.Object({
  id: Type.String(),
  code: Type.String(),
  severity: Type.Enum(['warning', 'alarm']),
  subject: Type.String(),
  message: Type.String(),
  remedy: Type.String(),
  sinceMs: Type.Number(),
  untilMs: Nullable(Type.Number()),
});
export type Alarm = Static<typeof Alarm>;

/** POST /commands with an Idempotency-Key header; `seconds` is how long a setpoint holds (lease). */
export const CommandRequest = Type.Object(
  {
    edge: Type.String(),
    device: Type.String(),
    kind: Type.Enum([...COMMAND_KINDS]),
    value: Nullable(Type.Number()),
    reason: Type.String({ minLength: 3, maxLength: 200 }),
    seconds: Type.Integer({ minimum: 10, maximum: 86_400 }),
  },
  { additionalProperties: false },
);
export type CommandRequest = Static<typeof CommandRequest>;

export const CommandRecord = Type.Object({
  id: Type.String(),
  edge: Type.String(),
  device: Type.String(),
  kind: Type.Enum([...COMMAND_KINDS]),
  value: Nullable(Type.Number()),
  reason: Type.String(),
  requestedBy: Type.String(),
  state: Type.Enum([...COMMAND_STATES]),
  observed: Nullable(Type.Number()),
  expiresMs: Type.Number(),
  steps: Type.Array(Type.Object({ state: Type.Enum([...COMMAND_STATES]), atMs: Type.Number(), detail: Type.String() })),
});
export type CommandRecord = Static<typeof CommandRecord>;
