/** The live side's heartbeat: marks what changes by itself, sends what is marked, looks for what is wrong. */
import { setInterval } from 'node:timers/promises';
import type { Db } from '../database.ts';
import { updateAlarms } from './alarms.ts';
import type { CommunityLive } from './community-live.ts';
import { findConditions, type Snapshot } from './conditions.ts';

const FLUSH_MS = 250;
/** In flushes: the flow and a member's own power once a second, alarms every five, a heartbeat every 25. */
const EVERY = { flow: 4, alarms: 20, heartbeat: 100 } as const;

export type LiveLoopOptions = {
  readonly live: CommunityLive;
  readonly db: Db;
  readonly snapshot: () => Promise<Snapshot>;
  /** A demo that replays leaps from quarter hour to quarter hour: everything would seem stale. */
  readonly isReplaying: () => boolean;
  /** Every few seconds, for what waits for time to pass. */
  readonly housekeeping: () => Promise<void>;
  readonly onFault: (error: unknown) => void;
};

/** Runs until the signal aborts; real time, for people's eyes. */
export async function runLiveLoop(options: LiveLoopOptions, signal: AbortSignal): Promise<void> {
  const { live } = options;
  let count = 0;
  try {
    for await (const _ of setInterval(FLUSH_MS, undefined, { signal })) {
      count++;
      if (count % EVERY.flow === 0) for (const name of ['flow', 'mine', 'clock'] as const) live.hub.touch(name);
      if (count % EVERY.heartbeat === 0) live.hub.heartbeat();
      live.hub.flush();
      if (count % EVERY.alarms === 0) await lookAfter(options);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function lookAfter({ live, db, ...options }: LiveLoopOptions): Promise<void> {
  try {
    await options.housekeeping();
    for (const { id } of (await live.machineState()).machines) live.hub.touch('machine', id);
    if (options.isReplaying()) return;
    const snapshot = await options.snapshot();
    const changed = await updateAlarms(db, findConditions(snapshot), snapshot.nowMs);
    for (const id of changed) live.hub.touch('alarm', id);
  } catch (error) {
    options.onFault(error);
  }
}
