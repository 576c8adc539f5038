/** Follows the log for what happened to devices and gaps: the newest word on each device's reach, and dropped ranges. */
import { DeviceEvent, GapEvent } from '@commonworks/core';
import { Value } from 'typebox/value';
import type { Db } from '../database.ts';
import { COMMUNITY_BUDGETS } from '../edge-budgets/community-budgets.ts';
import { noteOver } from '../edge-budgets/over-budget.ts';
import type { LogListener } from '../metering/log-listener.ts';
import type { Reach } from './device-views.ts';
import type { LiveTables } from './schema.ts';

export type ReachNotice = Reach & { readonly edge: string; readonly device: string; readonly atMs: number };
export type GapNotice = {
  readonly edge: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: string;
  readonly atMs: number;
};

export function createReachListener(): LogListener {
  return async (tx, { pack, entry }, notify) => {
    for (const { device, type, body, timeMs } of pack.events) {
      if (type === 'device' && Value.Check(DeviceEvent, body)) {
        const { state, reason } = body;
        await keepReach(tx, { edge: pack.edge, device, state, reason, at_ms: timeMs }, entry.receivedMs);
        notify({ kind: 'reach', body: { edge: pack.edge, device, state, reason, atMs: timeMs } satisfies ReachNotice });
      }
      if (type === 'gap' && Value.Check(GapEvent, body)) {
        const { fromSeq, toSeq, reason } = body;
        const notice: GapNotice = { edge: pack.edge, fromSeq, toSeq, reason, atMs: timeMs };
        notify({ kind: 'gap', body: notice });
      }
    }
  };
}

/** Of one edge the devices told of last; one that tells of others without end forgets its own. */
async function keepReach(tx: Db, row: LiveTables['device_reach'], receivedMs: number): Promise<void> {
  const { edge, state, reason, at_ms } = row;
  await tx
    .insertInto('device_reach')
    .values(row)
    .onConflict((conflict) => conflict.columns(['edge', 'device']).doUpdateSet({ state, reason, at_ms }))
    .execute();
  const oldest = await tx
    .selectFrom('device_reach')
    .select(['device', 'at_ms'])
    .where('edge', '=', edge)
    .orderBy('at_ms', 'desc')
    .offset(COMMUNITY_BUDGETS.devicesPerEdge)
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await tx.deleteFrom('device_reach').where('edge', '=', edge).where('device', '=', oldest.device).execute();
  await noteOver(tx, { edge, budget: 'devices', atMs: receivedMs });
}
