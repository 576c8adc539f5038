/** A member's statements: every settled month and what is running, newest first. */
import { localMonth, nextMonth } from '@commonworks/core';
import type { StatementSummary } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';
import type { SettledCommunity } from './freeze-period.ts';
import { memberStatement } from './statement.ts';

/** Newest months listed; older ones can still be asked for by name. */
const MONTHS_MAX = 36;

export async function listStatements(
  db: Db,
  of: { readonly community: SettledCommunity; readonly member: string; readonly nowMs: number },
): Promise<StatementSummary[]> {
  const { zone } = of.community;
  const first = await db
    .selectFrom('interval_total')
    .select((select) => select.fn.min('start_ms').as('ms'))
    .executeTakeFirst();
  const last = localMonth(of.nowMs, zone);
  const months: string[] = [];
  for (let month = localMonth(first?.ms ?? of.nowMs, zone); month <= last; month = nextMonth(month)) months.push(month);
  const summaries: StatementSummary[] = [];
  for (const month of months.reverse().slice(0, MONTHS_MAX)) {
    const statement = await memberStatement(db, { ...of, month });
    if (statement === null) return [];
    const { status, totalMinor, energy } = statement;
    summaries.push({ month, status, totalMinor, allocatedMwh: energy.allocatedMwh });
  }
  return summaries;
}
