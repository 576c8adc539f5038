/** Sums of one member's provisional shares over a span: what was used, what the community covered, what it cost. */
import { QUARTER_HOUR_MS, qualityOfRank, qualityRank, type Span } from '@commonworks/core';
import type { ShareTotals } from '@commonworks/core/api/index.ts';
import { amountMinor, MWH_PER_KWH } from '@commonworks/core/money.ts';
import { SHARED_DIRECTIONS } from '@commonworks/core/settlement/index.ts';
import { sql } from 'kysely';
import type { Db } from '../database.ts';
import type { PointRecord } from '../register/points.ts';
import type { Tariff } from '../register/tariffs.ts';

/** A share without a measurement behind it rests on what a person typed. */
const SUBSTITUTED_RANK = qualityRank('estimated');

/** A register of a member: one metering point and direction. */
export type OwnRegister = { readonly point: PointRecord; readonly direction: 0 | 1 };

export function ownRegisters(points: readonly PointRecord[], member: string): OwnRegister[] {
  return points
    .filter((point) => point.member === member)
    .flatMap((point) => SHARED_DIRECTIONS[point.role].map((direction) => ({ point, direction })));
}

/** Sums per register and tariff: the draft of a statement's line. */
export type DraftSum = {
  readonly register: OwnRegister;
  readonly tariff: Tariff;
  readonly energyMwh: number;
  readonly allocatedMwh: number;
  readonly restMwh: number;
  readonly roundingMicroMwh: number;
  readonly intervalsComplete: number;
  readonly quality: number;
};

export async function draftSums(
  db: Db,
  of: { registers: readonly OwnRegister[]; tariffs: readonly Tariff[] },
  span: Span,
): Promise<DraftSum[]> {
  const sums: DraftSum[] = [];
  for (const register of of.registers) {
    const rows = await db
      .selectFrom('interval_share as share')
      .innerJoin('interval_total as total', 'total.start_ms', 'share.start_ms')
      .leftJoin('interval', (join) =>
        join
          .onRef('interval.point_no', '=', 'share.point_no')
          .onRef('interval.direction', '=', 'share.direction')
          .onRef('interval.start_ms', '=', 'share.start_ms'),
      )
      .select((select) => [
        'total.tariff',
        select.fn.sum<number>('share.energy_mwh').as('energyMwh'),
        select.fn.sum<number>('share.allocated_mwh').as('allocatedMwh'),
        select.fn.sum<number>('share.rest_mwh').as('restMwh'),
        select.fn.sum<number>('share.rounding_micro').as('roundingMicroMwh'),
        select.fn.countAll<number>().as('intervalsComplete'),
        sql<number>`max(CASE WHEN interval.energy_mwh IS NULL THEN ${SUBSTITUTED_RANK} ELSE interval.quality END)`.as(
          'quality',
        ),
      ])
      .where('share.point_no', '=', register.point.no)
      .where('share.direction', '=', register.direction)
      .where('share.start_ms', '>=', span.fromMs)
      .where('share.start_ms', '<', span.toMs)
      .groupBy('total.tariff')
      .execute();
    for (const { tariff: id, ...row } of rows) {
      const tariff = of.tariffs.find((version) => version.id === id);
      if (tariff !== undefined) sums.push({ register, tariff, ...row });
    }
  }
  return sums;
}

/** Intervals that should have been measured by then. */
export function intervalsExpected(registers: readonly OwnRegister[], firstTariffMs: number, span: Span): number {
  let count = 0;
  for (const { point, direction } of registers) {
    if (direction === 1) continue;
    const fromMs = Math.max(span.fromMs, firstTariffMs, point.assignments[0]?.fromMs ?? span.toMs);
    const lastMs = point.assignments.at(-1)?.toMs ?? span.toMs;
    const toMs = Math.min(span.toMs, lastMs);
    const firstStart = Math.ceil(fromMs / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
    count += Math.max(0, Math.floor((toMs - firstStart) / QUARTER_HOUR_MS));
  }
  return count;
}

/** Consumption only; what a member produced stands on the statement as a credit. */
export function shareTotals(
  sums: readonly DraftSum[],
  around: { readonly productionMwh: number; readonly intervals: number },
): ShareTotals {
  const used = sums.filter((sum) => sum.register.direction === 0);
  const add = (pick: (sum: DraftSum) => number) => used.reduce((total, sum) => total + pick(sum), 0);
  const intervalsComplete = add((sum) => sum.intervalsComplete);
  return {
    consumedMwh: add((sum) => sum.energyMwh),
    allocatedMwh: add((sum) => sum.allocatedMwh),
    residualMwh: add((sum) => sum.restMwh),
    productionMwh: around.productionMwh,
    // The newest interval may be measured before it is expected.
    intervals: Math.max(around.intervals, intervalsComplete),
    intervalsComplete,
    quality: qualityOfRank(used.reduce((worst, sum) => Math.max(worst, sum.quality), 0)),
    costMinor: add((sum) => amountMinor(sum.allocatedMwh, MWH_PER_KWH, sum.tariff.internalPrice)),
    gridCostMinor: add((sum) => amountMinor(sum.allocatedMwh, MWH_PER_KWH, sum.tariff.gridPrice)),
  };
}

/** What the community produced in a span, as far as it was measured. */
export async function productionOver(db: Db, span: Span): Promise<number> {
  const row = await db
    .selectFrom('interval_total')
    .select((select) => select.fn.sum<number | null>('production_mwh').as('mwh'))
    .where('start_ms', '>=', span.fromMs)
    .where('start_ms', '<', span.toMs)
    .executeTakeFirst();
  return row?.mwh ?? 0;
}
