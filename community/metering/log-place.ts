/** Where the metering stands: in which log and generation, and what is done when the log proves to be another. */
import type { LogChanged, LogEntry } from '@commonworks/core';
import type { Db } from '../database.ts';
import { untake } from './taken-packs.ts';

export const METERING_READER = 'metering';

/** `hash`: of the entry at the cursor; null where there is none, after a hole. */
export type LogPlace = { readonly log: string; readonly generation: number; readonly hash: string | null };

/** Null before the first page. */
export async function logPlace(db: Db): Promise<LogPlace | null> {
  const row = await db
    .selectFrom('log_place')
    .select(['log', 'generation', 'hash'])
    .where('reader', '=', METERING_READER)
    .executeTakeFirst();
  return row === undefined || row.log === '' ? null : row;
}

/** Entries up to it were taken when their keys were not noted yet. */
export async function countedCursor(db: Db): Promise<number> {
  const row = await db
    .selectFrom('log_place')
    .select('counted_cursor')
    .where('reader', '=', METERING_READER)
    .executeTakeFirst();
  return row?.counted_cursor ?? 0;
}

export async function savePlace(tx: Db, { log, generation, hash }: LogPlace): Promise<void> {
  await tx
    .insertInto('log_place')
    .values({ reader: METERING_READER, log, generation, hash, counted_cursor: 0 })
    .onConflict((conflict) => conflict.column('reader').doUpdateSet({ log, generation, hash }))
    .execute();
}

/**
 * Goes back to what both logs have in common. What waits and came from beyond it waits on with its body; what would have
 * had to be read again under its old cursor is to be taken anew. Returns the cursor to go on from.
 */
export async function goBack(tx: Db, changed: Omit<LogChanged, 'code'>, nowMs: number): Promise<number> {
  const { log, generation, commonCursor } = changed;
  const place = await logPlace(tx);
  const row = await tx
    .selectFrom('log_cursor')
    .select('cursor')
    .where('reader', '=', METERING_READER)
    .executeTakeFirst();
  const from = row?.cursor ?? 0;
  const cursor = Math.min(from, commonCursor);
  await tx.updateTable('log_cursor').set({ cursor }).where('reader', '=', METERING_READER).execute();
  await savePlace(tx, { log, generation, hash: null });
  await tx
    .updateTable('log_place')
    .set((of) => ({ counted_cursor: of.fn('min', [of.ref('counted_cursor'), of.val(commonCursor)]) }))
    .where('reader', '=', METERING_READER)
    .execute();
  await keepWaiting(tx, commonCursor);
  await tx
    .insertInto('log_change')
    .values({
      ...{ time_ms: Math.trunc(nowMs), from_log: place?.log ?? '', from_generation: place?.generation ?? 0 },
      ...{ from_cursor: from, to_log: log, to_generation: generation, common_cursor: commonCursor },
    })
    .execute();
  return cursor;
}

/** Their cursors may be handed out again: they get ones below zero, in the same order. */
async function keepWaiting(tx: Db, commonCursor: number): Promise<void> {
  const rows = await tx
    .selectFrom('pending_pack')
    .select(['cursor', 'entry', 'boot', 'pack_key'])
    .where('cursor', '>', commonCursor)
    .orderBy('cursor')
    .execute();
  const least = await tx
    .selectFrom('pending_pack')
    .select((of) => of.fn.min<number | null>('cursor').as('cursor'))
    .executeTakeFirst();
  let next = Math.min(0, least?.cursor ?? 0) - rows.length;
  for (const { cursor, entry, boot, pack_key } of rows) {
    const own = tx.updateTable('pending_pack').where('cursor', '=', cursor);
    if (entry === '') {
      const [epoch = '', seq = '0'] = pack_key.split('/');
      await tx.deleteFrom('pending_pack').where('cursor', '=', cursor).execute();
      await untake(tx, { edge: boot.slice(0, boot.indexOf('/')), epoch, seq: Number(seq) });
    } else {
      const moved: LogEntry = { ...(JSON.parse(entry) as LogEntry), cursor: next };
      await own.set({ cursor: next, entry: JSON.stringify(moved) }).execute();
    }
    next += 1;
  }
}
