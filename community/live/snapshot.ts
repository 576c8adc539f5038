/** Gathers what alarms are found from. */
import type { OpenedClock } from '@commonworks/clock';
import type { AccessSync } from '../access-sync/sync-access.ts';
import type { Db } from '../database.ts';
import { registerBreaks } from '../metering/list-judgements.ts';
import type { CommunityLive } from './community-live.ts';
import type { Snapshot } from './conditions.ts';

/** How far the derivation is behind the log, and since when. */
export class LogProgress {
  #behind = 0;
  #sinceMs: number | null = null;

  note(page: { cursor: number; head: number }, nowMs: number): void {
    this.#behind = Math.max(0, page.head - page.cursor);
    if (this.#behind === 0) this.#sinceMs = null;
    else this.#sinceMs ??= nowMs;
  }

  get state(): Snapshot['log'] {
    return { behind: this.#behind, sinceMs: this.#sinceMs };
  }
}

/** A register that restarted or jumped is told for this long. */
const BREAK_TOLD_MS = 7 * 86_400_000;

export async function takeSnapshot(of: {
  db: Db;
  live: CommunityLive;
  clock: OpenedClock;
  access: AccessSync;
  progress: LogProgress;
  link: { isConnected(): boolean };
}): Promise<Snapshot> {
  const { live } = of;
  const edges = await live.edges();
  const nowMs = Math.trunc(of.clock.now());
  return {
    nowMs,
    isBrokerConnected: of.link.isConnected(),
    devices: await live.devices(),
    edges: edges.map(({ id, name }) => ({ name, state: live.values.status(id)?.state ?? 'never-seen' })),
    access: of.access.state(),
    log: of.progress.state,
    registerBreaks: await registerBreaks(of.db, nowMs - BREAK_TOLD_MS),
  };
}
