/** Packs the log has, kept a while longer: a log that falls back can be given them again. They go first when room is needed. */
import type { PackRows, Sum } from './pack-rows.ts';
import type { Statements } from './statements.ts';

/** Of what the whole outbox may take. */
const RESERVE_SHARE = 0.25;
/** A backup put back is rarely older. */
const RESERVE_AGE_MS = 7 * 86_400_000;
/** Given up in batches: a card is written once for many packs, not for each. */
const BATCH_SHARE = 0.1;
const LOOK_AT_AGE_MS = 3_600_000;

export type Reserve = {
  /** Within its share, and with what waits within the whole; called inside a transaction. */
  readonly bound: () => void;
  readonly dropOld: (elapsedMs: number) => void;
  readonly giveUp: () => void;
};

export function createReserve(sql: Statements, packs: PackRows, bytesMax: number): Reserve {
  let lookedMs = -Infinity;
  const shrink = (isEnough: (left: Sum, bornMs: number) => boolean) => {
    let [goneN, gone] = [0, { packs: 0, bytes: 0 }];
    const all = packs.reserve();
    for (const row of sql.reserve.iterate()) {
      const left = { packs: all.packs - gone.packs, bytes: all.bytes - gone.bytes };
      if (isEnough(left, Number(row['bornMs']))) break;
      gone = { packs: gone.packs + 1, bytes: gone.bytes + Number(row['bytes']) };
      goneN = Number(row['n']);
    }
    if (gone.packs === 0) return;
    sql.deleteReserveUpTo.run(goneN);
    packs.forgotReserve(gone);
  };
  return {
    bound: () => {
      const waiting = packs.backlog().bytes;
      const most = Math.min(bytesMax * RESERVE_SHARE, Math.max(0, bytesMax - waiting));
      if (packs.reserve().bytes <= most) return;
      const target = Math.max(0, most - bytesMax * RESERVE_SHARE * BATCH_SHARE);
      shrink((left) => left.bytes <= target);
    },
    dropOld: (elapsedMs) => {
      if (elapsedMs - lookedMs < LOOK_AT_AGE_MS) return;
      lookedMs = elapsedMs;
      shrink((_, bornMs) => bornMs >= elapsedMs - RESERVE_AGE_MS);
    },
    giveUp: () => shrink(() => false),
  };
}
