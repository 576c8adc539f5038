/** What a month's settlement is about: the rules in force in it, and the metering points whose registers it shares. */
import { monthSpan, QUARTER_HOUR_MS, type Span } from '@commonworks/core';
import { SHARED_DIRECTIONS } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { loadRules, type Rules } from '../metering/rules.ts';
import type { PointRecord } from '../register/points.ts';

export type PeriodScope = {
  /** The whole month. */
  readonly span: Span;
  /** Start of the first interval that has a tariff. */
  readonly firstMs: number;
  readonly rules: Rules;
  readonly points: readonly PointRecord[];
};

/** Null when no tariff or no shared metering point exists in that month. */
export async function periodScope(db: Db, zone: string, month: string): Promise<PeriodScope | null> {
  const span = monthSpan(month, zone);
  const rules = await loadRules(db, span);
  const tariffMs = Math.ceil((rules.tariffs[0]?.fromMs ?? span.toMs) / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
  const firstMs = Math.max(span.fromMs, tariffMs);
  const points = rules.points.filter(
    ({ role, assignments }) =>
      SHARED_DIRECTIONS[role].length > 0 &&
      assignments.some(({ fromMs, toMs }) => fromMs < span.toMs && (toMs === null || toMs > firstMs)),
  );
  return rules.tariffs.length === 0 || points.length === 0 ? null : { span, firstMs, rules, points };
}
