/** Rows of provisional shares, written and dropped. */
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import type { IntervalShareRow, MeteringTables } from './schema.ts';

export async function writeShares(tx: Db, rows: readonly IntervalShareRow[]): Promise<void> {
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

export async function writeTotals(tx: Db, rows: readonly MeteringTables['interval_total'][]): Promise<void> {
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
export async function dropUnmeasured(
  tx: Db,
  rows: readonly Pick<IntervalShareRow, 'point_no' | 'direction' | 'start_ms'>[],
): Promise<void> {
  for (const row of rows) {
    await tx
      .deleteFrom('interval_share')
      .where('point_no', '=', row.point_no)
      .where('direction', '=', row.direction)
      .where('start_ms', '=', row.start_ms)
      .execute();
  }
}
