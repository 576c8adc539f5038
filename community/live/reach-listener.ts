/** Follows the log for what happened to devices and gaps: the newest word on each device's reach, and dropped ranges. */
import { DeviceEvent, GapEvent } from '@commonworks/core';
import { Value } from 'typebox/value';
import type { LogListener } from '../metering/log-listener.ts';
import type { Reach } from './device-views.ts';

export type ReachNotice = Reach & { readonly edge: string; readonly device: string; readonly atMs: number };
export type GapNotice = {
  readonly edge: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: string;
  readonly atMs: number;
};

export function createReachListener(): LogListener {
  return async (tx, { pack }, notify) => {
    for (const { device, type, body, timeMs } of pack.events) {
      if (type === 'device' && Value.Check(DeviceEvent, body)) {
        const { state, reason } = body;
        await tx
          .insertInto('device_reach')
          .values({ edge: pack.edge, device, state, reason, at_ms: timeMs })
          .onConflict((conflict) => conflict.columns(['edge', 'device']).doUpdateSet({ state, reason, at_ms: timeMs }))
          .execute();
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
