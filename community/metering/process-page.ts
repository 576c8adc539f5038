/** One page of the log in one transaction: readings kept, intervals derived, shares made, listeners told, cursor moved. */
import type { LogEntry } from '@commonworks/core';
import type { Db } from '../database.ts';
import { DIRECTION_POINTS, listPoints, ROLE_DIRECTIONS } from '../register/points.ts';
import { counterNews, decodeEntries } from './decode-entries.ts';
import { derivePoint } from './derive-point.ts';
import { keepRegisters } from './keep-registers.ts';
import type { LogListener, Notice } from './log-listener.ts';
import { shareStarts } from './share-starts.ts';

const READER = 'metering';

/** The log position up to which everything is in this database. */
export async function metredCursor(db: Db): Promise<number> {
  const row = await db.selectFrom('log_cursor').select('cursor').where('reader', '=', READER).executeTakeFirst();
  return row?.cursor ?? 0;
}

export type PageOutcome = { readonly notices: Notice[]; readonly changedStarts: number[] };

/** `next` is the cursor after the page; a page that was processed before is passed over. */
export async function processPage(
  db: Db,
  page: { readonly entries: readonly LogEntry[]; readonly next: number },
  listeners: readonly LogListener[],
): Promise<PageOutcome> {
  return await db.transaction().execute(async (tx) => {
    const cursor = await metredCursor(tx);
    const entries = page.entries.filter((entry) => entry.cursor > cursor);
    const records = await decodeEntries(tx, entries);
    const points = await listPoints(tx);
    const changedStarts: number[] = [];
    for (const news of counterNews(records)) {
      const change = await keepRegisters(tx, news);
      if (change === null) continue;
      for (const point of points) {
        if (!point.assignments.some(({ edge, device }) => edge === change.edge && device === change.device)) continue;
        for (const direction of ROLE_DIRECTIONS[point.role]) {
          if (DIRECTION_POINTS[direction] !== change.point) continue;
          for (const start of await derivePoint(tx, { point, direction }, change)) changedStarts.push(start);
        }
      }
    }
    await shareStarts(tx, changedStarts);
    const notices: Notice[] = [];
    for (const record of records) {
      for (const listener of listeners) await listener(tx, record, (notice) => notices.push(notice));
    }
    await moveCursor(tx, Math.max(cursor, page.next));
    return { notices, changedStarts };
  });
}

export async function moveCursor(tx: Db, cursor: number): Promise<void> {
  await tx
    .insertInto('log_cursor')
    .values({ reader: READER, cursor })
    .onConflict((conflict) => conflict.column('reader').doUpdateSet({ cursor }))
    .execute();
}
