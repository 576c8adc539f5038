/** What the auditor's thread and the main thread tell each other. */
import type { Position, Slice } from '@commonworks/core/audit/index.ts';
import type { RelaySeen } from './check-relays.ts';

export type AuditWorkerData = {
  readonly file: string;
  readonly files: readonly string[];
  readonly zone: string;
  readonly positions: ReadonlyMap<string, Position>;
};

export type ToAuditor =
  | { readonly type: 'relays'; readonly nowMs: number; readonly speed: number; readonly seen: readonly RelaySeen[] }
  | { readonly type: 'stop' };

export type FromAuditor = { readonly name: string; readonly slice: Slice };
