/** What is wrong with clocks at this moment: the hub's own, and those of its agents. */
import { type EdgeStatus, type HubTimeState, SKEW_MAX_MS } from '@commonworks/core';
import type { Condition } from './alarms.ts';

export type EdgeClockSeen = { readonly name: string; readonly clock?: EdgeStatus['clock'] | undefined };

export function clockConditions(hub: HubTimeState, edges: readonly EdgeClockSeen[]): Condition[] {
  return [...hubCondition(hub), ...edges.flatMap(edgeCondition)];
}

function hubCondition({ isTrusted }: HubTimeState): Condition[] {
  if (isTrusted) return [];
  const message = 'Readings of agents that go by it are kept and wait for their date; no month is closed meanwhile.';
  return [{ code: 'live.hub-time-unknown', subject: 'hub', severity: 'alarm', message }];
}

function edgeCondition({ name, clock }: EdgeClockSeen): Condition[] {
  if (clock === undefined || clock.source === 'demo') return [];
  if (clock.offsetMs !== null && Math.abs(clock.offsetMs) > SKEW_MAX_MS) {
    const side = clock.offsetMs > 0 ? 'ahead of' : 'behind';
    const message = `The clock of ${name} is ${lengthOf(Math.abs(clock.offsetMs))} ${side} the hub's.`;
    return [{ code: 'live.clock-skewed', subject: name, severity: 'alarm', message }];
  }
  if (clock.source !== 'none') return [];
  const message = `Nobody vouches for the clock of ${name}, and it has not measured it against the hub's.`;
  return [{ code: 'live.clock-unknown', subject: name, severity: 'warning', message }];
}

/** As people say it: 12 s, 7 min, 3 h, 56 years. */
function lengthOf(ms: number): string {
  const [seconds, hours] = [ms / 1000, ms / 3_600_000];
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (hours < 2) return `${Math.round(seconds / 60)} min`;
  if (hours < 48) return `${Math.round(hours)} h`;
  return hours < 24 * 700 ? `${Math.round(hours / 24)} days` : `${Math.round(hours / 8766)} years`;
}
