/** Keeps what a register counted that stands in no interval, for the account of its point. */
import type { Span } from '@commonworks/core';
import type { Rederived } from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import type { Target } from './point-register.ts';

/** Replaces what ended after `derived.unplacedFromMs`; what only waits for its interval to be over is not unplaced yet. */
export async function keepUnplaced(
  tx: Db,
  target: Target,
  { derived, span }: { derived: Rederived; span: Span },
): Promise<void> {
  await dropUnplaced(tx, target, { fromMs: span.fromMs, toMs: span.toMs, endedAfterMs: derived.unplacedFromMs });
  const rows = derived.unplaced
    .filter(({ reason, fromMs }) => reason !== 'running' && fromMs >= span.fromMs && fromMs < span.toMs)
    .map(({ fromMs, toMs, energyMwh, reason }) => ({
      ...{ point_no: target.point.no, direction: target.direction, from_ms: fromMs, to_ms: toMs },
      ...{ energy_mwh: energyMwh, reason },
    }));
  for (const chunk of inChunks(rows)) await tx.insertInto('unplaced_energy').values(chunk).execute();
}

export async function dropUnplaced(
  tx: Db,
  { point, direction }: Target,
  of: Span & { endedAfterMs: number },
): Promise<void> {
  await tx
    .deleteFrom('unplaced_energy')
    .where('point_no', '=', point.no)
    .where('direction', '=', direction)
    .where('from_ms', '>=', of.fromMs)
    .where('from_ms', '<', of.toMs)
    .where('to_ms', '>', of.endedAfterMs)
    .execute();
}
