/** What the derivation worker committed, brought before people's eyes: machines, commands, devices, gaps. */

import { findCommand } from './control/command-store.ts';
import type { CommandNotice } from './control/receipt-listener.ts';
import type { Db } from './database.ts';
import { reportIncident } from './live/alarms.ts';
import type { CommunityLive } from './live/community-live.ts';
import type { GapNotice, ReachNotice } from './live/reach-listener.ts';
import type { Notice } from './metering/log-listener.ts';
import type { BadgeNotice, MachineNotice } from './workshop/workshop-listener.ts';

/** Of one edge in one page of the log. */
const GAPS_TOLD_MAX = 3;

export type NoticeContext = { readonly db: Db; readonly live: CommunityLive; readonly now: () => number };

/** A page of the log may tell the same many times: each thing is brought once. */
export async function bringNotices(notices: readonly Notice[], context: NoticeContext): Promise<{ machines: boolean }> {
  const { live } = context;
  const machines = new Set<string>();
  const commands = new Set<string>();
  const gaps: GapNotice[] = [];
  for (const { kind, body } of notices) {
    if (kind === 'machine') {
      const { machine } = body as MachineNotice;
      if (machine !== null) machines.add(machine);
    }
    if (kind === 'command') commands.add((body as CommandNotice).command);
    if (kind === 'reach') {
      const { edge, device, state, reason } = body as ReachNotice;
      live.setReach(edge, device, { state, reason });
      live.hub.touch('device', `${edge}/${device}`, edge);
    }
    if (kind === 'badge') live.hub.touch('badge', (body as BadgeNotice).badge, (body as BadgeNotice).edge);
    if (kind === 'gap') gaps.push(body as GapNotice);
  }
  if (machines.size > 0) live.forget();
  for (const machine of machines) live.hub.touch('machine', machine);
  for (const command of commands) await commandChanged(command, context);
  for (const ofEdge of Map.groupBy(gaps, ({ edge }) => edge).values()) await reportGaps(ofEdge, context);
  return { machines: machines.size > 0 };
}

/** Shows the command; one that failed is an incident for the list of alarms. */
export async function commandChanged(id: string, { db, live, now }: NoticeContext): Promise<void> {
  live.hub.touch('command', id);
  const command = await findCommand(db, id);
  if (command?.state !== 'failed' && command?.state !== 'expired') return;
  const last = command.steps.at(-1);
  const message = `${command.kind} on ${command.device}: ${last?.detail ?? command.state}`;
  const subject = `${command.device} (${command.id})`;
  const incident = { code: 'live.command-failed', subject, severity: 'warning', message } as const;
  live.hub.touch('alarm', await reportIncident(db, incident, Math.trunc(now())));
}

/** The first ones by themselves; of a page with many the rest together, so that one edge does not fill the list. */
async function reportGaps(gaps: readonly GapNotice[], { db, live }: NoticeContext): Promise<void> {
  const edge = gaps[0]?.edge ?? '';
  const name = (await live.edges()).find((one) => one.id === edge)?.name ?? edge;
  const report = async (what: string, atMs: number) => {
    const message = `The edge ${name} dropped packs ${what}`;
    const incident = {
      code: 'live.data-gap',
      subject: `edge ${name}`,
      severity: 'alarm',
      message,
      edge: name,
    } as const;
    live.hub.touch('alarm', await reportIncident(db, incident, atMs));
  };
  for (const { fromSeq, toSeq, reason, atMs } of gaps.slice(0, GAPS_TOLD_MAX)) {
    await report(`${fromSeq} to ${toSeq}: ${reason}`, atMs);
  }
  const last = gaps.at(-1);
  if (last === undefined || gaps.length <= GAPS_TOLD_MAX) return;
  await report(`in ${gaps.length - GAPS_TOLD_MAX} more ranges; the last of them: ${last.reason}`, last.atMs);
}
