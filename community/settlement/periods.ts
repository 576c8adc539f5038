/** Which months are closed: those that were settled. Nothing is ever posted into a closed one. */
import { nextMonth } from '@commonworks/core';
import type { Db } from '../database.ts';

/** A century of months: a longer run of closed ones is a fault in the data. */
const MONTHS_MAX = 1200;

/** `month` itself while it is open, else the first open one after it. */
export async function openPeriod(db: Db, month: string): Promise<string> {
  const closed = new Set(
    (await db.selectFrom('settlement_run').select('month').distinct().where('month', '>=', month).execute()).map(
      (row) => row.month,
    ),
  );
  let candidate = month;
  for (let i = 0; i < MONTHS_MAX && closed.has(candidate); i++) candidate = nextMonth(candidate);
  return candidate;
}
