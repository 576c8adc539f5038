/** Follows the hub's own time for what waits for it: aligned, and charged, once it is known. */
import type { Db } from '../database.ts';
import type { Notice } from '../metering/log-listener.ts';
import { closeSessions, type WorkshopContext } from '../workshop/sessions.ts';
import { alignHub } from './align.ts';

/** Returns what the server's main thread must hear: machines whose sessions moved or were closed. */
export async function followHub(db: Db, context: WorkshopContext): Promise<Notice[]> {
  const { time } = context;
  if (time === undefined) return [];
  const hub = time.hub();
  return await db.transaction().execute(async (tx) => {
    const notices: Notice[] = [];
    for (const machine of await alignHub(tx, hub)) {
      const closed = await closeSessions(tx, { machine, nowMs: hub.nowMs }, context);
      const did = closed.length > 0 ? 'closed' : 'observed';
      notices.push({ kind: 'machine', body: { machine, did, atMs: hub.nowMs } });
    }
    return notices;
  });
}
