/** Rows of the audit. */
import type { Invariant } from '@commonworks/core/audit/index.ts';

export type AuditTables = {
  audit_check: {
    name: string;
    after_key: string;
    memo: string;
    checked_ms: number | null;
    checked: number;
    round_checked: number | null;
  };
  /** Open findings only. */
  audit_finding: {
    name: string;
    at_key: string;
    subject: string;
    invariant: Invariant;
    message: string;
    month: string | null;
    since_ms: number;
  };
};
