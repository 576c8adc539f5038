/** What is wrong with edges: not connected, never seen since they were enrolled, there twice, or cut for what they send; with the broker's reason. */
import { type EdgeStatus, type LoginRefusal, localDay, localTime, type Misuse } from '@commonworks/core';
import type { Condition } from './alarms.ts';

export type EdgeSeen = {
  readonly name: string;
  readonly state: 'online' | 'offline' | 'never-seen';
  /** When it was registered, as its id tells; null when the id does not tell. */
  readonly enrolledMs: number | null;
  /** Why the broker last did not let it in. */
  readonly refusal: LoginRefusal | null;
  /** What it was cut or held back for in the last minutes. */
  readonly misdeeds: readonly Misuse[];
  /** What an agent that is online last said of its clock. */
  readonly clock?: EdgeStatus['clock'] | undefined;
};

/** Whoever enrols an edge walks to it and starts it within this. */
const FIRST_CONNECTION_MS = 180_000;

/** For these an agent is to blame, not its link. */
const BAD_MANNERS: readonly string[] = [
  'broker.budget-exceeded',
  'broker.packet-malformed',
  'broker.packet-too-large',
  'broker.publish-refused',
  'broker.quarantine-full',
];

export type EdgesAt = {
  readonly nowMs: number;
  readonly zone: string;
  /** False until the broker has had time to tell what it knows. */
  readonly isBrokerKnown: boolean;
};

export function edgeConditions(edges: readonly EdgeSeen[], at: EdgesAt): Condition[] {
  return [...edges.flatMap((edge) => misdeedConditions(edge)), ...reachConditions(edges, at)];
}

/** Two agents of one id are named as that and not also as two that connect all the time. */
function misdeedConditions({ name, misdeeds }: EdgeSeen): Condition[] {
  const subject = `edge ${name}`;
  const shared = misdeeds.find(({ code }) => code === 'broker.client-id-shared');
  const others = misdeeds.filter(({ code }) => BAD_MANNERS.includes(code));
  if (shared !== undefined) {
    const message = `The edge ${name} is there twice: ${shared.reason}. Readings of both are mixed up.`;
    return [{ code: 'live.edge-cloned', subject, severity: 'alarm', message, sinceMs: shared.sinceMs }];
  }
  if (others.length === 0) return [];
  const count = others.reduce((sum, one) => sum + one.count, 0);
  const reasons = others.map(({ reason }) => reason).join('; ');
  const times = count === 1 ? 'once' : `${count} times`;
  const message = `The edge ${name} was cut or held back ${times}: ${reasons}. The other edges are served as ever.`;
  const sinceMs = Math.min(...others.map((one) => one.sinceMs));
  return [{ code: 'live.edge-misbehaves', subject, severity: 'alarm', message, sinceMs }];
}

function reachConditions(edges: readonly EdgeSeen[], at: EdgesAt): Condition[] {
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
