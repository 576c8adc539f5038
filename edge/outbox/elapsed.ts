/** Elapsed time that no clock step can touch: how old what the outbox keeps truly is, at least. */
import type { DatabaseSync } from 'node:sqlite';
import { kernelBootId, kernelMs } from '@commonworks/clock/machine-time.ts';

/** The kernel's own time; tests inject another. */
export type OutboxTime = {
  /** Names the kernel's boot: times of another boot cannot be compared. Null where the system does not name it. */
  readonly kernelBoot: string | null;
  readonly kernelMs: () => number;
};

export const machineTime = (): OutboxTime => ({ kernelBoot: kernelBootId(), kernelMs });

export type Elapsed = {
  /** Milliseconds that have passed for this file, written down with it; called inside a transaction. */
  readonly count: () => number;
};

/**
 * Counted while one boot lasts, between processes too. How long a machine was off nobody knows: that time counts as
 * nothing, so a pack may be kept longer than asked and is never dropped earlier.
 */
export function createElapsed(db: DatabaseSync, boot: string, readKernelMs: () => number): Elapsed {
  const row = db.prepare('SELECT ms, boot, kernelMs FROM elapsed WHERE id = 1').get();
  const save = db.prepare('UPDATE elapsed SET ms = ?, boot = ?, kernelMs = ? WHERE id = 1');
  let last = { ms: Number(row?.['ms'] ?? 0), kernelMs: Number(row?.['kernelMs'] ?? 0) };
  let isSameBoot = row?.['boot'] === boot;
  return {
    count: () => {
      const nowMs = Math.floor(readKernelMs());
      const passedMs = isSameBoot ? Math.max(0, nowMs - last.kernelMs) : 0;
      last = { ms: last.ms + passedMs, kernelMs: nowMs };
      isSameBoot = true;
      save.run(last.ms, boot, last.kernelMs);
      return last.ms;
    },
  };
}
