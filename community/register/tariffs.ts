/** Tariffs and the rule of sharing, in versions: each holds from its date until the next. */
import type { AllocationMethod, ShareBy, StorageOrigin } from '@commonworks/core/api/index.ts';
import type { Selectable } from 'kysely';
import type { Db } from '../database.ts';
import type { RegisterTables } from './schema.ts';

/** Prices in minor units per kWh, decimal text. The id is the version of the key. */
export type Tariff = {
  readonly id: string;
  readonly fromMs: number;
  readonly method: AllocationMethod;
  readonly internalPrice: string;
  readonly gridPrice: string;
  readonly feedInPrice: string;
  readonly shareBy: ShareBy;
  readonly storageOrigin: StorageOrigin;
};
type NewTariff = Omit<Tariff, 'shareBy' | 'storageOrigin'> & {
  /** By default a member's use over all her points. */
  readonly shareBy?: ShareBy | undefined;
  /** By default proportional. */
  readonly storageOrigin?: StorageOrigin | undefined;
};

/** Shares from its date on are made again; settled months stay as they are. */
export async function addTariff(db: Db, community: string, tariff: NewTariff): Promise<Tariff> {
  const row = await db
    .insertInto('tariff')
    .values({
      community,
      id: tariff.id,
      from_ms: tariff.fromMs,
      method: tariff.method,
      internal_price: tariff.internalPrice,
      grid_price: tariff.gridPrice,
      feed_in_price: tariff.feedInPrice,
      ...(tariff.shareBy !== undefined && { share_by: tariff.shareBy }),
      ...(tariff.storageOrigin !== undefined && { storage_origin: tariff.storageOrigin }),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await db.insertInto('derive_request').values({ point_no: null, from_ms: tariff.fromMs, to_ms: null }).execute();
  return tariffOf(row);
}

/** Ascending by date. */
export async function listTariffs(db: Db): Promise<Tariff[]> {
  const rows = await db.selectFrom('tariff').selectAll().orderBy('from_ms').execute();
  return rows.map(tariffOf);
}

/** The one in force at an instant; null before the first. */
export function tariffAt(tariffs: readonly Tariff[], atMs: number): Tariff | null {
  return tariffs.findLast((tariff) => tariff.fromMs <= atMs) ?? null;
}

function tariffOf(row: Selectable<RegisterTables['tariff']>): Tariff {
  return {
    id: row.id,
    fromMs: row.from_ms,
    method: row.method,
    internalPrice: row.internal_price,
    gridPrice: row.grid_price,
    feedInPrice: row.feed_in_price,
    shareBy: row.share_by,
    storageOrigin: row.storage_origin,
  };
}
