/** The checks of the fixture community: all right, but for one home in one quarter hour. */
import { type AuditState, INVARIANT_NAMES } from '@commonworks/core/audit/invariants.ts';

const SHARES = {
  subject: '2026-05-03 11:15',
  message: 'Home of Felix: 0.184000 kWh were measured and 0.180000 kWh shared',
  month: '2026-05',
};

/** `isWrong`: as it looks on the day nobody wants. */
export function fixtureAudit(nowMs: number, isWrong = false): AuditState {
  const checks = INVARIANT_NAMES.map((invariant, i) => {
    const findings = isWrong && invariant === 'shares' ? [{ ...SHARES, sinceMs: nowMs - 3_600_000 }] : [];
    return {
      invariant,
      checkedMs: nowMs - i * 240_000,
      isWhole: true,
      checked: 1 + i ** 5,
      count: findings.length,
      findings,
    };
  });
  return { nowMs, isBrokerKnown: true, checks };
}
