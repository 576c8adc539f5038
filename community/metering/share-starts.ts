/** The provisional share of every interval that changed: what members see before the month is settled. */
import { QUARTER_HOUR_MS } from '@commonworks/core';
import { type IntervalPart, SHARED_DIRECTIONS, shareInterval } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import { isAssigned, loadRules, type Rules, ruleAt } from './rules.ts';
import type { IntervalShareRow, MeteringTables } from './schema.ts';

/** Intervals further apart than this are read on their own. */
const RUN_GAP_MS = 86_400_000;

type Measured = {
  readonly point_no: number;
  readonly direction: 0 | 1;
  readonly start_ms: number;
  readonly energy_mwh: number | null;
};

export async function shareStarts(tx: Db, starts: Iterable<number>): Promise<void> {
  for (const run of runsOf([...new Set(starts)].sort((a, b) => a - b))) {
    const span = { fromMs: run[0] ?? 0, toMs: (run.at(-1) ?? 0) + QUARTER_HOUR_MS };
    const rules = await loadRules(tx, span);
    const rows = await tx
      .selectFrom('interval')
      .select(['point_no', 'direction', 'start_ms', 'energy_mwh'])
      .where('start_ms', '>=', span.fromMs)
      .where('start_ms', '<', span.toMs)
      .execute();
    const byStart = Map.groupBy(rows, (row) => row.start_ms);
    const shares: IntervalShareRow[] = [];
    const totals: MeteringTables['interval_total'][] = [];
    for (const start of run) shareOne(rules, { start, rows: byStart.get(start) ?? [] }, { shares, totals });
    await writeShares(tx, shares);
    await writeTotals(tx, totals);
    await dropUnmeasured(
      tx,
      run.flatMap((start) => (byStart.get(start) ?? []).filter((row) => row.energy_mwh === null)),
    );
  }
}

function runsOf(starts: readonly number[]): number[][] {
  const runs: number[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const start of starts) {
    if (start - last > RUN_GAP_MS) runs.push([]);
    runs.at(-1)?.push(start);
    last = start;
  }
  return runs;
}

function shareOne(
  rules: Rules,
  at: { start: number; rows: readonly Measured[] },
  into: { shares: IntervalShareRow[]; totals: MeteringTables['interval_total'][] },
): void {
  const rule = ruleAt(rules, at.start);
  if (rule === null) return;
  const measured = new Map(at.rows.map((row) => [`${row.point_no}/${row.direction}`, row.energy_mwh]));
  const parts: IntervalPart[] = [];
  const numberOf = new Map<string, { no: number; mwh: number }>();
  let expected = 0;
  for (const point of rules.points) {
    if (!isAssigned(point, at.start, at.start + QUARTER_HOUR_MS)) continue;
    for (const direction of SHARED_DIRECTIONS[point.role]) {
      expected++;
      const mwh = measured.get(`${point.no}/${direction}`) ?? null;
      if (mwh === null) continue;
      parts.push({ id: point.id, direction, mwh });
      numberOf.set(`${point.id}/${direction}`, { no: point.no, mwh });
    }
  }
  const sums = [0, 0] as [number, number];
  let allocated = 0;
  for (const part of parts) sums[part.direction] += part.mwh;
  for (const share of shareInterval(rule, parts)) {
    const own = numberOf.get(`${share.id}/${share.direction}`);
    if (share.direction === 0) allocated += share.allocatedMwh;
    into.shares.push({
      point_no: own?.no ?? 0,
      direction: share.direction,
      start_ms: at.start,
      energy_mwh: own?.mwh ?? 0,
      offered_mwh: share.offeredMwh,
      allocated_mwh: share.allocatedMwh,
      rest_mwh: share.restMwh,
      rounding_micro: share.roundingMicroMwh,
    });
  }
  into.totals.push({
    start_ms: at.start,
    tariff: rule.keyVersion,
    production_mwh: sums[1],
    consumption_mwh: sums[0],
    allocated_mwh: allocated,
    expected,
    complete: parts.length,
  });
}

async function writeShares(tx: Db, rows: readonly IntervalShareRow[]): Promise<void> {
  for (const chunk of inChunks(rows)) {
    await tx
      .insertInto('interval_share')
      .values(chunk)
      .onConflict((conflict) =>
        conflict.columns(['point_no', 'direction', 'start_ms']).doUpdateSet((set) => ({
          energy_mwh: set.ref('excluded.energy_mwh'),
          offered_mwh: set.ref('excluded.offered_mwh'),
          allocated_mwh: set.ref('excluded.allocated_mwh'),
          rest_mwh: set.ref('excluded.rest_mwh'),
          rounding_micro: set.ref('excluded.rounding_micro'),
        })),
      )
      .execute();
  }
}

async function writeTotals(tx: Db, rows: readonly MeteringTables['interval_total'][]): Promise<void> {
  for (const chunk of inChunks(rows)) {
    await tx
      .insertInto('interval_total')
      .values(chunk)
      .onConflict((conflict) =>
        conflict.column('start_ms').doUpdateSet((set) => ({
          tariff: set.ref('excluded.tariff'),
          production_mwh: set.ref('excluded.production_mwh'),
          consumption_mwh: set.ref('excluded.consumption_mwh'),
          allocated_mwh: set.ref('excluded.allocated_mwh'),
          expected: set.ref('excluded.expected'),
          complete: set.ref('excluded.complete'),
        })),
      )
      .execute();
  }
}

/** A correction can make an interval missing that had a share before. */
async function dropUnmeasured(tx: Db, rows: readonly Measured[]): Promise<void> {
  for (const row of rows) {
    await tx
      .deleteFrom('interval_share')
      .where('point_no', '=', row.point_no)
      .where('direction', '=', row.direction)
      .where('start_ms', '=', row.start_ms)
      .execute();
  }
}
