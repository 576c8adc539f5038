/** How a finding is told to people. */
import { expect, it } from 'vitest';
import { auditConditions } from './audit-conditions.ts';

const found = (count: number) => ({
  ...{ invariant: 'chain' as const, checkedMs: 1, isWhole: true, checked: 9, count },
  findings: Array.from({ length: Math.min(5, count) }, (_, i) => ({
    ...{ subject: `entry ${i + 2}`, message: `entry ${i + 2} is not what it was`, month: null, sinceMs: 1 },
  })),
});

it('says nothing while all is right', () => {
  expect(auditConditions([found(0)])).toEqual([]);
});

it('names what does not hold, the first few places, how many more, and what to do', () => {
  const [condition] = auditConditions([found(9)]);
  expect(condition).toMatchObject({ code: 'live.audit-failed', severity: 'alarm' });
  expect(condition?.subject).toBe('No entry of the ledger was changed, cut out or slipped in');
  expect(condition?.message).toMatch(
    /^"No entry .*" does not hold, found 9 times: entry 2 is not what it was; entry 3 .*; entry 4 .*; and 6 more\. Run `npx commonworks verify/,
  );
  expect(auditConditions([found(1)])[0]?.message).toMatch(/found once: entry 2 is not what it was\. Run/);
});
