/** Tariffs and the rule of sharing, in versions: each holds from its date until the next. */
import type { AllocationMethod } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';

/** Prices in minor units per kWh, decimal text. The id is the version of the key. */
export type Tariff = {
  readonly id: string;
  readonly fromMs: number;
  readonly method: AllocationMethod;
  readonly internalPrice: string;
  readonly gridPrice: string;
  readonly feedInPrice: string;
};

/** Shares from its date on are made again; settled months stay as they are. */
export async function addTariff(db: Db, community: string, tariff: Tariff): Promise<void> {
  await db
    .insertInto('tariff')
    .values({
      community,
      id: tariff.id,
      from_ms: tariff.fromMs,
      method: tariff.method,
      internal_price: tariff.internalPrice,
      grid_price: tariff.gridPrice,
      feed_in_price: tariff.feedInPrice,
    })
    .execute();
  await db.insertInto('derive_request').values({ point_no: null, from_ms: tariff.fromMs, to_ms: null }).execute();
}

/** Ascending by date. */
export async function listTariffs(db: Db): Promise<Tariff[]> {
  const rows = await db.selectFrom('tariff').selectAll().orderBy('from_ms').execute();
  return rows.map((row) => ({
    id: row.id,
    fromMs: row.from_ms,
    method: row.method,
    internalPrice: row.internal_price,
    gridPrice: row.grid_price,
    feedInPrice: row.feed_in_price,
  }));
}

/** The one in force at an instant; null before the first. */
export function tariffAt(tariffs: readonly Tariff[], atMs: number): Tariff | null {
  return tariffs.findLast((tariff) => tariff.fromMs <= atMs) ?? null;
}
