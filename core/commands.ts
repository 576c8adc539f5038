/** Commands: what is asked of a device, by whom, until when; signed by the community, verified at the edge. */
import { type Static, Type } from 'typebox';

/** What may be asked; the unit is in the name. A setpoint is a lease: it ends at `leaseUntilMs` and the device reverts. */
export const COMMAND_KINDS = ['setPowerLimitPct', 'clearPowerLimit', 'setRelay'] as const;
export type CommandKind = (typeof COMMAND_KINDS)[number];

/** Life of a command; every step is audited. */
export const COMMAND_STATES = [
  'requested',
  'published',
  'accepted',
  'written',
  'confirmed',
  'failed',
  'expired',
  'reverted',
] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

export const Command = Type.Object(
  {
    id: Type.String(),
    community: Type.String(),
    edge: Type.String(),
    device: Type.String(),
    kind: Type.Enum([...COMMAND_KINDS]),
    /** Percent of rated power, or 0 and 1 for a relay; null for clearPowerLimit. */
    value: Type.Union([Type.Number(), Type.Null()]),
    issuedMs: Type.Integer(),
    /** Not executed after this time. */
    expiresMs: Type.Integer(),
    /** The setpoint holds until then; null for as long as the device keeps it. */
    leaseUntilMs: Type.Union([Type.Integer(), Type.Null()]),
  },
  { additionalProperties: false },
);
export type Command = Static<typeof Command>;

/** On topic .../cmd: the exact bytes that were signed, and an Ed25519 signature over them, base64. */
export const SignedCommand = Type.Object({
  body: Type.String({ maxLength: 4000 }),
  signature: Type.String({ maxLength: 200 }),
});
export type SignedCommand = Static<typeof SignedCommand>;
