/** Follows the log for what agents say of their clocks: kept, and what waited for it is aligned and charged. */
import { SkewEvent } from '@commonworks/core';
import { Value } from 'typebox/value';
import type { LogListener } from '../metering/log-listener.ts';
import { closeSessions, type WorkshopContext } from '../workshop/sessions.ts';
import { alignEdge, isOfStamps } from './align.ts';
import { keepSkew } from './edge-clocks.ts';

/** Before the workshop's: the pack that tells the skew is aligned by it. */
export function createSkewListener(context: WorkshopContext): LogListener {
  return async (tx, { pack, isByBoot }, notify) => {
    for (const { type, body, timeMs } of pack.events) {
      if (type !== 'skew' || !Value.Check(SkewEvent, body)) continue;
      const { offsetMs } = body;
      const atMs = isByBoot === true ? timeMs : timeMs - (offsetMs ?? 0);
      await keepSkew(tx, { edge: pack.edge, boot: pack.boot, atMs }, body);
      if (offsetMs === null || !isOfStamps(body) || context.time === undefined) continue;
      for (const machine of await alignEdge(tx, { edge: pack.edge, offsetMs }, context.time)) {
        const closed = await closeSessions(tx, { machine, nowMs: atMs }, context);
        notify({ kind: 'machine', body: { machine, did: closed.length > 0 ? 'closed' : 'observed', atMs } });
      }
    }
  };
}
