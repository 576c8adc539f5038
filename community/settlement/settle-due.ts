/** Settles by itself the months that are over and complete, or whose gaps are decided, an hour of community time after their end. */
import { localMonth, monthSpan, nextMonth } from '@commonworks/core';
import type { Db } from '../database.ts';
import type { SettledCommunity } from './freeze-period.ts';
import { type SettlementRun, settleMonth } from './settle-month.ts';

/** Late packs may still come this long after a month's end. */
const SETTLE_DELAY_MS = 3_600_000;
/** Months looked back at most; older ones wait for a treasurer. */
const MONTHS_MAX = 24;

/** Runs made now. What is refused stays for a treasurer, or for later data. */
export async function settleDue(db: Db, community: SettledCommunity, nowMs: number): Promise<SettlementRun[]> {
  const made: SettlementRun[] = [];
  for (const month of await dueMonths(db, community.zone, nowMs)) {
    const dueMs = monthSpan(month, community.zone).toMs + SETTLE_DELAY_MS;
    if ((await newestReadingMs(db)) < dueMs) continue;
    const result = await settleMonth(db, { community, month, nowMs, missing: 'refuse' });
    if (result.ok) made.push(result.value);
  }
  return made;
}

async function newestReadingMs(db: Db): Promise<number> {
  const row = await db
    .selectFrom('series')
    .select((select) => select.fn.max('newest_ms').as('ms'))
    .executeTakeFirst();
  return row?.ms ?? 0;
}

/** From the first tariff's month to the last that is over, without those settled, oldest first. */
async function dueMonths(db: Db, zone: string, nowMs: number): Promise<string[]> {
  const first = await db.selectFrom('tariff').select('from_ms').orderBy('from_ms').limit(1).executeTakeFirst();
  const begin = await db
    .selectFrom('interval')
    .select((select) => select.fn.min('start_ms').as('ms'))
    .executeTakeFirst();
  if (first === undefined || begin?.ms == null) return [];
  const settled = new Set(
    (await db.selectFrom('settlement_run').select('month').distinct().execute()).map((row) => row.month),
  );
  const months: string[] = [];
  const running = localMonth(nowMs - SETTLE_DELAY_MS, zone);
  let month = localMonth(Math.max(first.from_ms, begin.ms), zone);
  for (; month < running && months.length < MONTHS_MAX * 100; month = nextMonth(month)) months.push(month);
  return months.filter((name) => !settled.has(name)).slice(-MONTHS_MAX);
}
