/** One power cut by chance: when the power fails, and what of the unflushed reaches the disk all the same. */
import type { Unflushed } from '../faults/platter.ts';
import type { VolatileDisk } from '../faults/volatile-disk.ts';

/** What a series of cuts came to. */
export type Tally = {
  readonly cuts: number;
  /** Answered as kept, and looked for after the cut. */
  readonly acknowledged: number;
  /** Every one that is not there as it was, in words. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
};

export type CutOptions = {
  readonly cuts: number;
  readonly random: () => number;
  /** The compiled simulated disk. */
  readonly library: string;
  /** Of the process whose power is cut. */
  readonly env: Readonly<Record<string, string>>;
};

/** A flush of an SSD; so a cut meets flushes under way, and what waits for them. */
export const FLUSH_MICROS = 200;

/** More than there are between two cuts. */
const NEVER = 1_000_000_000;

export type CutPlan = {
  /** Steps of the disk until the power fails, unless a checkpoint gets that far before. */
  readonly events: number;
  readonly checkpointWrites: number;
  readonly unflushed: Unflushed;
};

/** In turn under load, within a checkpoint, in the start that recovers from the cut before, and under load. */
export function planCut(
  cut: number,
  random: () => number,
  upTo: { readonly start: number; readonly load: number; readonly checkpoint: number },
): CutPlan {
  const within = (most: number) => 1 + Math.floor(random() * most);
  const unflushed: Unflushed = random() < 0.4 ? { keep: 'nothing' } : { keep: 'some', random };
  if (cut % 4 === 1) return { events: NEVER, checkpointWrites: within(upTo.checkpoint), unflushed };
  return { events: within(cut % 4 === 2 ? upTo.start : upTo.load), checkpointWrites: NEVER, unflushed };
}

export function applyPlan(disk: VolatileDisk, plan: CutPlan): void {
  disk.cutIn({ events: plan.events, checkpointWrites: plan.checkpointWrites });
}

/** Stands before a command, so that only the program itself is preloaded. */
export function onDisk(disk: VolatileDisk, env: CutOptions['env']): string[] {
  return ['/usr/bin/env', ...Object.entries({ ...env, ...disk.env }).map(([name, value]) => `${name}=${value}`)];
}
