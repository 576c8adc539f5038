/** The rules of sharing in force over a span: points, tariffs and the weights of the fixed key. */
import { isAssigned as isAssignedIn, type SharingRules } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { holdingChanges, holdingsAt } from '../register/holdings.ts';
import { listPoints, type PointRecord } from '../register/points.ts';
import { listTariffs, type Tariff } from '../register/tariffs.ts';

type Holding = { readonly fromMs: number; readonly shares: Readonly<Record<string, number>> };

export type Rules = {
  readonly points: readonly PointRecord[];
  readonly tariffs: readonly Tariff[];
  /** Empty when no tariff of the span is fixed. */
  readonly holdings: readonly Holding[];
};

export const ownerOf = (point: { member: string | null }): string => point.member ?? 'community';

export async function loadRules(tx: Db, span: { fromMs: number; toMs: number }): Promise<Rules> {
  const tariffs = (await listTariffs(tx)).filter((tariff, i, all) => {
    const endMs = all[i + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
    return tariff.fromMs < span.toMs && endMs > span.fromMs;
  });
  const isFixed = tariffs.some((tariff) => tariff.method === 'fixed');
  return { points: await listPoints(tx), tariffs, holdings: isFixed ? await holdingsOver(tx, span) : [] };
}

async function holdingsOver(tx: Db, span: { fromMs: number; toMs: number }): Promise<Holding[]> {
  const holdings: Holding[] = [];
  for (const fromMs of [span.fromMs, ...(await holdingChanges(tx, span.fromMs, span.toMs))]) {
    holdings.push({ fromMs, shares: Object.fromEntries([...(await holdingsAt(tx, fromMs))].sort()) });
  }
  return holdings;
}

/** The same rules in the form that the one function of sharing reads. */
export function sharingRules(rules: Rules): SharingRules {
  const points = rules.points.map((point) => ({
    id: point.id,
    role: point.role,
    owner: ownerOf(point),
    spans: point.assignments,
  }));
  return { points, tariffs: rules.tariffs, holdings: rules.holdings };
}

/** Whether a device was assigned to the point at the interval's start and until its end. */
export function isAssigned(point: PointRecord, startMs: number, endMs: number): boolean {
  return isAssignedIn({ spans: point.assignments }, { startMs, endMs });
}
