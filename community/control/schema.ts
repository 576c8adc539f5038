/** Rows of control: commands and every step of their life. */
import type { CommandKind, CommandState } from '@commonworks/core';

export type ControlTables = {
  command: {
    id: string;
    community: string;
    edge: string;
    device: string;
    kind: CommandKind;
    value: number | null;
    reason: string;
    /** Member id, `service`, or `workshop` for a machine's relay. */
    requested_by: string;
    state: CommandState;
    observed: number | null;
    issued_ms: number;
    expires_ms: number;
    lease_until_ms: number | null;
    /** The exact text that was signed. */
    body: string;
    signature: string;
  };
  command_step: { command: string; no: number; state: CommandState; at_ms: number; detail: string };
  /** A key of a caller names one request: `subject` is what it made. */
  idempotency: { principal: string; key: string; kind: string; body_hash: string; subject: string; created_ms: number };
};
