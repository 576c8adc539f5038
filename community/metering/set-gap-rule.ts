/** A community chooses how the energy of gaps is placed, from a month on that nobody was billed for yet. */
import { accept, monthSpan, type Result, refuse } from '@commonworks/core';
import type { GapRule } from '@commonworks/core/api/index.ts';
import type { GapMethod } from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { listPoints } from '../register/points.ts';
import { DEFAULT_GAP_METHOD } from './gap-rules.ts';

export type GapRuleOrder = {
  readonly method: GapMethod;
  readonly month: string;
  readonly zone: string;
  /** Member id. */
  readonly author: string;
  readonly nowMs: number;
};

/** Within a transaction. It replaces rules of that month and later; gaps from then on are placed again. */
export async function setGapRule(tx: Db, order: GapRuleOrder): Promise<Result<null>> {
  const settled = await tx
    .selectFrom('settlement_run')
    .select('month')
    .where('month', '>=', order.month)
    .orderBy('month', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (settled !== undefined) {
    return refuse('community.gap-rule-refused', `${settled.month} is settled: choose a later month`);
  }
  const { fromMs } = monthSpan(order.month, order.zone);
  await tx.deleteFrom('gap_rule').where('from_ms', '>=', fromMs).execute();
  const row = { from_ms: fromMs, method: order.method, author: order.author, created_ms: order.nowMs };
  await tx.insertInto('gap_rule').values(row).execute();
  for (const { no } of await listPoints(tx)) {
    await tx.insertInto('derive_request').values({ point_no: no, from_ms: fromMs, to_ms: null }).execute();
  }
  return accept(null);
}

/** Newest first; the last one is what holds before anybody chose. */
export async function listGapRules(db: Db): Promise<GapRule[]> {
  const rows = await db
    .selectFrom('gap_rule')
    .leftJoin('member', 'member.id', 'gap_rule.author')
    .select(['from_ms', 'method', 'created_ms', 'member.name'])
    .orderBy('from_ms', 'desc')
    .execute();
  const chosen = rows.map(({ from_ms, method, created_ms, name }): GapRule => {
    return { fromMs: from_ms, method, author: name, createdMs: created_ms };
  });
  return [...chosen, { fromMs: 0, method: DEFAULT_GAP_METHOD, author: null, createdMs: null }];
}
