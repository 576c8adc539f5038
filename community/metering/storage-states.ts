/** What each storage held when an interval had ended, kept per interval so that a late change is followed from there on only. */
import type { HeldStock, StorageFlow } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import type { StorageStateRow } from './schema.ts';

/** The newest stock of each storage from before `startMs`, by point number. */
export async function heldBefore(db: Db, storage: readonly number[], startMs: number): Promise<Map<number, HeldStock>> {
  const held = new Map<number, HeldStock>();
  for (const no of storage) {
    const row = await db
      .selectFrom('storage_state')
      .selectAll()
      .where('point_no', '=', no)
      .where('start_ms', '<', startMs)
      .orderBy('start_ms', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (row !== undefined) held.set(no, heldOf(row));
  }
  return held;
}

export function heldOf(row: StorageStateRow): HeldStock {
  const stock = { communityMwh: row.community_mwh, gridMwh: row.grid_mwh, leastMwh: row.least_mwh };
  return { atMs: row.start_ms, stock };
}

export function stateRow(point_no: number, start_ms: number, flow: StorageFlow): StorageStateRow {
  return {
    point_no,
    start_ms,
    community_mwh: flow.closing.communityMwh,
    grid_mwh: flow.closing.gridMwh,
    least_mwh: flow.closing.leastMwh,
    unknown_mwh: flow.unknownMwh,
    lost_mwh: flow.lostMwh,
  };
}

/** Whether intervals after this one see the same stock. */
export function holdsSame(a: StorageStateRow, b: StorageStateRow): boolean {
  return a.community_mwh === b.community_mwh && a.grid_mwh === b.grid_mwh && a.least_mwh === b.least_mwh;
}

export async function statesOver(
  db: Db,
  storage: readonly number[],
  span: { fromMs: number; toMs: number },
): Promise<StorageStateRow[]> {
  return await db
    .selectFrom('storage_state')
    .selectAll()
    .where('point_no', 'in', [...storage])
    .where('start_ms', '>=', span.fromMs)
    .where('start_ms', '<', span.toMs)
    .execute();
}

/** Start of the next interval that the stock of one of these storages can matter to; null when there is none yet. */
export async function nextStorageStart(db: Db, storage: readonly number[], fromMs: number): Promise<number | null> {
  let next: number | null = null;
  for (const table of ['interval', 'storage_state'] as const) {
    for (const no of storage) {
      const row = await db
        .selectFrom(table)
        .select('start_ms')
        .where('point_no', '=', no)
        .where('start_ms', '>=', fromMs)
        .orderBy('start_ms')
        .limit(1)
        .executeTakeFirst();
      if (row !== undefined) next = Math.min(next ?? row.start_ms, row.start_ms);
    }
  }
  return next;
}

export async function writeStates(db: Db, rows: readonly StorageStateRow[]): Promise<void> {
  for (const chunk of inChunks(rows)) {
    await db
      .insertInto('storage_state')
      .values(chunk)
      .onConflict((conflict) =>
        conflict.columns(['point_no', 'start_ms']).doUpdateSet((set) => ({
          community_mwh: set.ref('excluded.community_mwh'),
          grid_mwh: set.ref('excluded.grid_mwh'),
          least_mwh: set.ref('excluded.least_mwh'),
          unknown_mwh: set.ref('excluded.unknown_mwh'),
          lost_mwh: set.ref('excluded.lost_mwh'),
        })),
      )
      .execute();
  }
}

export async function dropState(db: Db, row: Pick<StorageStateRow, 'point_no' | 'start_ms'>): Promise<void> {
  await db
    .deleteFrom('storage_state')
    .where('point_no', '=', row.point_no)
    .where('start_ms', '=', row.start_ms)
    .execute();
}
