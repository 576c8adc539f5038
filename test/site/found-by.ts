/** What the checks of a site found, as sentences: none after any crash. */
import type { InvariantAudit } from '@commonworks/core/audit/index.ts';

/** A check that looked at nothing must not pass for one that found nothing. */
export function foundBy(audit: readonly InvariantAudit[]): string[] {
  return audit.flatMap(({ invariant, checkedMs, findings }) =>
    checkedMs === null ? [`${invariant}: not looked at`] : findings.map(({ message }) => `${invariant}: ${message}`),
  );
}
