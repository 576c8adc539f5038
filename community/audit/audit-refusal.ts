/** Why a month is not closed: a check has found the ledger, or what was shared in that month, not right. */
import { type Refusal, refuse } from '@commonworks/core';
import { INVARIANTS, KEEPS_MONTHS_OPEN } from '@commonworks/core/audit/index.ts';
import type { Db } from '../database.ts';

/** A finding of another month keeps that one open, not this. */
export async function auditRefusal(db: Db, month: string): Promise<Refusal | null> {
  const finding = await db
    .selectFrom('audit_finding')
    .select(['invariant', 'subject', 'message'])
    .where('invariant', 'in', [...KEEPS_MONTHS_OPEN])
    .where((where) => where.or([where('month', 'is', null), where('month', '=', month)]))
    .limit(1)
    .executeTakeFirst();
  if (finding === undefined) return null;
  const { claim } = INVARIANTS[finding.invariant];
  return refuse('community.audit-finding', `the check "${claim}" found, at ${finding.subject}: ${finding.message}`);
}
