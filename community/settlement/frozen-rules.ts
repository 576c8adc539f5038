/** The rules a settlement freezes in its header: points with their dated spans, prices and choices, what storage held. */
import { QUARTER_HOUR_MS, type Span } from '@commonworks/core';
import { type PeriodHeader, stockAt } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { ownerOf, type Rules } from '../metering/rules.ts';
import { heldBefore } from '../metering/storage-states.ts';
import type { PointRecord } from '../register/points.ts';

type FrozenRules = Pick<PeriodHeader, 'points' | 'tariffs' | 'holdings' | 'storage'>;

export async function frozenRules(
  db: Db,
  of: { readonly rules: Rules; readonly points: readonly PointRecord[] },
  span: Span,
): Promise<FrozenRules> {
  const points = of.points.map((point) => ({
    id: point.id,
    role: point.role,
    owner: ownerOf(point),
    spans: spansWithin(point, span),
  }));
  const tariffs = of.rules.tariffs.map(({ id, fromMs, method, internalPrice, shareBy, storageOrigin }) => ({
    ...{ id, fromMs, method, internalPrice, shareBy, storageOrigin },
  }));
  const holdings = of.rules.holdings.map(({ fromMs, shares }) => ({ fromMs, shares: { ...shares } }));
  return { points, tariffs, holdings, storage: await openingStocks(db, of.points, span) };
}

/** Cut to the period and joined where one device follows another: what happens later does not change what is frozen. */
function spansWithin({ assignments }: PointRecord, span: Span): Span[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const assignment of assignments) {
    const fromMs = Math.max(assignment.fromMs, span.fromMs);
    const toMs = Math.min(assignment.toMs ?? span.toMs, span.toMs);
    if (fromMs >= toMs) continue;
    const last = spans.at(-1);
    if (last?.toMs === fromMs) last.toMs = toMs;
    else spans.push({ fromMs, toMs });
  }
  return spans;
}

/** As they were when the last interval before the period had ended. */
async function openingStocks(
  db: Db,
  points: readonly PointRecord[],
  span: Span,
): Promise<NonNullable<FrozenRules['storage']>> {
  const storage = points.filter(({ role }) => role === 'storage');
  const held = await heldBefore(
    db,
    storage.map(({ no }) => no),
    span.fromMs,
  );
  return storage.flatMap((point) => {
    const before = held.get(point.no);
    return before === undefined
      ? []
      : [{ point: points.indexOf(point), ...stockAt(before, span.fromMs - QUARTER_HOUR_MS).stock }];
  });
}

/**
 * A month is corrected by the rules it was closed under: one closed before spans and origins were frozen stays without.
 * @param earlier the header of the version before; null when this is the first.
 */
export function asClosedUnder(header: PeriodHeader, earlier: PeriodHeader | null): PeriodHeader {
  if (earlier === null || earlier.points.every(({ spans }) => spans !== undefined)) return header;
  const { storage: _, ...rest } = header;
  return {
    ...rest,
    points: header.points.map(({ id, role, owner }) => ({ id, role, owner })),
    tariffs: header.tariffs.map(({ id, fromMs, method, internalPrice }) => ({ id, fromMs, method, internalPrice })),
  };
}
