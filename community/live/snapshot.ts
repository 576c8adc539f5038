/** Gathers what alarms are found from. */
import type { OpenedClock } from '@commonworks/clock';
import type { HubTime } from '@commonworks/clock/hub-time.ts';
import { uuidTimeMs } from '@commonworks/core';
import type { AccessSync } from '../access-sync/sync-access.ts';
import type { Auditor } from '../audit/open-audit.ts';
import { type BackedUpSite, seeBackup } from '../backup/newest-backup.ts';
import { commandsStillInForce } from '../control/in-force.ts';
import type { Db } from '../database.ts';
import { edgesOver } from '../edge-budgets/over-budget.ts';
import { registerBreaks } from '../metering/list-judgements.ts';
import type { CommunityLive } from './community-live.ts';
import type { Snapshot } from './conditions.ts';
import type { EdgeSeen } from './edge-conditions.ts';
import { type ReadLogState, seenLog } from './log-state.ts';
import type { ReadRefusals } from './login-refusals.ts';

/** How far the derivation is behind the log, and since when. */
export class LogProgress {
  #behind = 0;
  #sinceMs: number | null = null;

  note(page: { behind: number }, nowMs: number): void {
    this.#behind = page.behind;
    if (this.#behind === 0) this.#sinceMs = null;
    else this.#sinceMs ??= nowMs;
  }

  get state(): Snapshot['log'] {
    return { behind: this.#behind, sinceMs: this.#sinceMs };
  }
}

/** Retained statuses come at once after the subscription. */
const STATUSES_TOLD_MS = 10_000;
/** A register that restarted or jumped is told for this long. */
const BREAK_TOLD_MS = 7 * 86_400_000;

export async function takeSnapshot(of: {
  db: Db;
  live: CommunityLive;
  clock: OpenedClock;
  hub: HubTime;
  access: AccessSync;
  progress: LogProgress;
  link: { isConnected(): boolean; connectedForMs(): number };
  readRefusals: ReadRefusals;
  readLogState: ReadLogState;
  backedUp: BackedUpSite;
  audit: Pick<Auditor, 'state'>;
  zone: string;
}): Promise<Snapshot> {
  const { live } = of;
  const nowMs = Math.trunc(of.clock.now());
  return {
    nowMs,
    isBrokerConnected: of.link.isConnected(),
    devices: await live.devices(),
    zone: of.zone,
    isBrokerKnown: of.link.connectedForMs() > STATUSES_TOLD_MS,
    edges: await seenEdges(of),
    hubTime: of.hub.state(),
    audit: (await of.audit.state()).checks,
    backup: await seeBackup(of.backedUp),
    stillInForce: await commandsStillInForce(of.db),
    access: of.access.state(),
    log: of.progress.state,
    stored: await seenLog(of.db, await live.edges(), of.readLogState),
    registerBreaks: await registerBreaks(of.db, nowMs - BREAK_TOLD_MS),
    edgesOver: await edgesOver(of.db, nowMs),
  };
}

async function seenEdges({ live, readRefusals }: { live: CommunityLive; readRefusals: ReadRefusals }) {
  const edges = await live.edges();
  const states = edges.map(({ id }) => live.values.status(id)?.state ?? 'never-seen');
  const { ofEdge, misuse } = await readRefusals();
  return edges.map(({ id, name }, at): EdgeSeen => {
    const state = states[at] ?? 'never-seen';
    const clock = state === 'online' ? live.values.status(id)?.clock : undefined;
    const refusal = state === 'online' ? null : (ofEdge.get(id) ?? null);
    const misdeeds = misuse.filter(({ user }) => user === id);
    return { name, state, enrolledMs: uuidTimeMs(id), refusal, misdeeds, clock };
  });
}
