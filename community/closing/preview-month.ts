/** What a settlement would post now, member by member, with nothing of it written. */
import { accept, type Result, refuse } from '@commonworks/core';
import type { SettlementPreview } from '@commonworks/core/api/index.ts';
import { lineAmountMinor } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { type FrozenPeriod, freezePeriod, type SettledCommunity } from '../settlement/freeze-period.ts';
import { type SharedPeriod, shareFrozen, sumsOf } from '../settlement/share-frozen.ts';
import { openNotes } from './closing-notes.ts';
import { monthReadiness } from './month-readiness.ts';
import { memberRef, nameReferences, readNames } from './names.ts';

type PreviewRequest = { readonly community: SettledCommunity; readonly month: string; readonly nowMs: number };
type MemberSums = Omit<SettlementPreview['members'][number], 'name'>;

/** Requests for deriving again that nobody has served yet are not in it. */
export async function previewMonth(db: Db, request: PreviewRequest): Promise<Result<SettlementPreview>> {
  const { community, month, nowMs } = request;
  const readiness = await monthReadiness(db, { zone: community.zone, month, nowMs });
  const frozen = await freezePeriod(db, community, month);
  if (readiness === null || frozen === null) {
    return refuse('community.period-empty', `${month} has no tariff or no metering point`);
  }
  const shared = shareFrozen(frozen);
  const names = await readNames(db);
  const { production_mwh, allocated_mwh, surplus_mwh } = sumsOf(shared.totals);
  const notOver = readiness.isOver ? [] : [`${month} is not over yet`];
  return accept({
    month,
    reasons: [...notOver, ...openNotes(readiness, community.zone)].map((reason) => nameReferences(reason, names)),
    productionMwh: production_mwh,
    allocatedMwh: allocated_mwh,
    surplusMwh: surplus_mwh,
    members: memberSums(frozen, shared).map((sums) => ({
      ...sums,
      name: sums.member === null ? null : nameReferences(memberRef(sums.member), names),
    })),
  });
}

function memberSums({ header }: FrozenPeriod, { totals }: SharedPeriod): MemberSums[] {
  const sums = new Map<string, { usedMwh: number; allocatedMwh: number; givenMwh: number; amountMinor: number }>();
  for (const { point, direction, tariff, energyMwh, allocatedMwh } of totals) {
    const owner = header.points[point]?.owner ?? 'community';
    const sum = sums.get(owner) ?? { usedMwh: 0, allocatedMwh: 0, givenMwh: 0, amountMinor: 0 };
    sums.set(owner, sum);
    if (direction === 0) {
      sum.usedMwh += energyMwh;
      sum.allocatedMwh += allocatedMwh;
    } else sum.givenMwh += allocatedMwh;
    // The community does not pay itself.
    if (owner === 'community') continue;
    sum.amountMinor += lineAmountMinor(direction, allocatedMwh, header.tariffs[tariff]?.internalPrice ?? '0');
  }
  return [...sums].map(([owner, sum]) => ({ member: owner === 'community' ? null : owner, ...sum }));
}
