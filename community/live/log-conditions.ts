/** What is wrong with the readings' log: it fell back to an older state, or acknowledged packs in it are damaged. */
import { type LogState, localDay, localTime } from '@commonworks/core';
import type { Condition } from './alarms.ts';

/** `state`: as the broker last told it; null when it never has. `names`: of edges, by id. */
export type LogSeen = {
  readonly state: LogState | null;
  readonly names: ReadonlyMap<string, string>;
  /** When the community's server last found another log in place of the one it had read; null: never. */
  readonly replacedMs: number | null;
};

/** What happened once and is over is told for this long. */
const TOLD_MS = 7 * 86_400_000;
/** Names in one sentence. */
const NAMES_MAX = 5;

type At = { readonly nowMs: number; readonly zone: string };

export function logConditions({ state, names, replacedMs }: LogSeen, at: At): Condition[] {
  const fell = fallCondition({ state, names, replacedMs }, at);
  const damaged = (state?.holes ?? []).flatMap((hole) => holeCondition(hole, { ...at, names }));
  return [...(fell === null ? [] : [fell]), ...damaged];
}

function fallCondition({ state, names, replacedMs }: LogSeen, at: At): Condition | null {
  const behind = state?.fallenBehind ?? [];
  const isRolledBack = state?.cause === 'rolled-back' && at.nowMs - state.sinceMs < TOLD_MS;
  const isReplaced = replacedMs !== null && at.nowMs - replacedMs < TOLD_MS;
  if (!isRolledBack && !isReplaced && behind.length === 0) return null;
  const toldMs = behind.map(({ sinceMs }) => sinceMs);
  const since = [...(isRolledBack ? [state.sinceMs] : []), ...(isReplaced ? [replacedMs] : []), ...toldMs];
  const sinceMs = Math.min(...since);
  const waiting = behind.map(({ edge }) => names.get(edge) ?? edge);
  const message =
    `The stored readings are not those that were here before ${when(sinceMs, at)}: an older copy of telemetry.db, ` +
    `another one or a new one. What the agents still keep they send again by themselves; what they no longer keep is ` +
    `missing, and shows as such.${waiting.length === 0 ? '' : ` Still behind: ${listed(waiting)}.`}`;
  return { code: 'live.log-rolled-back', subject: 'stored readings', severity: 'alarm', message, sinceMs };
}

function holeCondition(
  { edge, packs, asked, mended, sinceMs, lastMs }: LogState['holes'][number],
  at: At & Pick<LogSeen, 'names'>,
): Condition[] {
  if (asked === 0 && at.nowMs - lastMs > TOLD_MS) return [];
  const name = edge === null ? null : (at.names.get(edge) ?? edge);
  const lost = packs - mended - asked;
  const parts = [
    ...(mended > 0 ? [`${mended} came again`] : []),
    ...(asked > 0 ? [`${asked} are asked for again`] : []),
    ...(lost > 0 ? [`${lost} are lost, and what they held is missing`] : []),
  ];
  const of = name === null ? 'of an agent that cannot be told any more' : `of ${name}`;
  const count = packs === 1 ? '1 stored pack' : `${packs} stored packs`;
  const message = `Since ${when(sinceMs, at)} ${count} ${of} proved to be damaged on the hub's disk: ${parts.join(', ')}.`;
  const subject = name === null ? 'stored readings' : `edge ${name}`;
  return [{ code: 'live.log-damaged', subject, severity: lost + asked > 0 ? 'alarm' : 'warning', message, sinceMs }];
}

function when(ms: number, { nowMs, zone }: At): string {
  const day = localDay(ms, zone);
  const time = localTime(ms, zone);
  return day === localDay(nowMs, zone) ? time : `${day} ${time}`;
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return more > 0 ? `${names.slice(0, NAMES_MAX).join(', ')} and ${more} more` : names.join(', ');
}
