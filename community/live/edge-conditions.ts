/** What is wrong with edges: not connected, or never seen since they were enrolled; with the broker's reason where it has one. */
import { type EdgeStatus, type LoginRefusal, localDay, localTime } from '@commonworks/core';
import type { Condition } from './alarms.ts';

export type EdgeSeen = {
  readonly name: string;
  readonly state: 'online' | 'offline' | 'never-seen';
  /** When it was registered, as its id tells; null when the id does not tell. */
  readonly enrolledMs: number | null;
  /** Why the broker last did not let it in. */
  readonly refusal: LoginRefusal | null;
  /** What an agent that is online last said of its clock. */
  readonly clock?: EdgeStatus['clock'] | undefined;
};

/** Whoever enrols an edge walks to it and starts it within this. */
const FIRST_CONNECTION_MS = 180_000;

export type EdgesAt = {
  readonly nowMs: number;
  readonly zone: string;
  /** False until the broker has had time to tell what it knows. */
  readonly isBrokerKnown: boolean;
};

export function edgeConditions(edges: readonly EdgeSeen[], at: EdgesAt): Condition[] {
  return edges.flatMap((edge): Condition[] => {
    const subject = `edge ${edge.name}`;
    if (edge.state === 'offline') {
      const message = `The edge ${edge.name} is not connected.${refusedWords(edge, at)}`;
      return [{ code: 'live.edge-offline', subject, severity: 'alarm', message }];
    }
    const isOverdue = at.nowMs - (edge.enrolledMs ?? 0) > FIRST_CONNECTION_MS;
    if (edge.state === 'online' || !at.isBrokerKnown || !isOverdue) return [];
    const refused = refusedWords(edge, at) || ' Nobody with its id has tried to since the broker started.';
    const message = `The edge ${edge.name} has never connected.${refused}`;
    return [{ code: 'live.edge-never-seen', subject, severity: 'alarm', message }];
  });
}

function refusedWords({ refusal }: EdgeSeen, { nowMs, zone }: EdgesAt): string {
  if (refusal === null) return '';
  const { atMs, address, reason } = refusal;
  const day = localDay(atMs, zone);
  const time = localTime(atMs, zone);
  const when = day === localDay(nowMs, zone) ? time : `${day} ${time}`;
  return ` The broker last refused it at ${when}, from ${address}: ${reason}.`;
}
