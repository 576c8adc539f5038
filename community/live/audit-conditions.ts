/** What the checks of the stored data found, as alarms: one for each sentence that does not hold. */
import { INVARIANTS, type InvariantAudit } from '@commonworks/core/audit/index.ts';
import type { Condition } from './alarms.ts';

export type AuditSeen = readonly InvariantAudit[];

const NAMED_MAX = 3;

export function auditConditions(audit: AuditSeen): Condition[] {
  return audit.flatMap(({ invariant, findings, count }): Condition[] => {
    if (count === 0) return [];
    const { claim, toDo } = INVARIANTS[invariant];
    const named = findings.slice(0, NAMED_MAX).map(({ message }) => message);
    const more = count > named.length ? `; and ${count - named.length} more` : '';
    const times = count === 1 ? 'once' : `${count} times`;
    const message = `"${claim}" does not hold, found ${times}: ${named.join('; ')}${more}. ${toDo}`;
    return [{ code: 'live.audit-failed', subject: claim, severity: 'alarm', message }];
  });
}
