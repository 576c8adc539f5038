/** Which months are closed: those that were settled. Nothing is ever posted into a closed one. */
import { nextMonth, type Span } from '@commonworks/core';
import type { PeriodHeader } from '@commonworks/core/settlement/index.ts';
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

/** All of time but the settled months, ascending. */
export async function openSpans(db: Db): Promise<Span[]> {
  const runs = await db.selectFrom('settlement_run').select('header').orderBy('month').execute();
  const spans: Span[] = [];
  let fromMs = 0;
  for (const { header } of runs) {
    const settled = JSON.parse(header) as PeriodHeader;
    if (settled.fromMs > fromMs) spans.push({ fromMs, toMs: settled.fromMs });
    fromMs = settled.toMs;
  }
  return [...spans, { fromMs, toMs: Number.MAX_SAFE_INTEGER }];
}
