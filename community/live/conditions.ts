/** What is wrong at this moment, from a snapshot: pure, so that every alarm can be tested without waiting for it. */
import type { HubTimeState } from '@commonworks/core';
import type { Device } from '@commonworks/core/api/index.ts';
import type { StillInForce } from '../control/in-force.ts';
import type { EdgeOver } from '../edge-budgets/over-budget.ts';
import type { RegisterBreak } from '../metering/list-judgements.ts';
import type { Condition } from './alarms.ts';
import { type AuditSeen, auditConditions } from './audit-conditions.ts';
import { type BackupSeen, backupConditions } from './backup-conditions.ts';
import { clockConditions } from './clock-conditions.ts';
import { type EdgeSeen, edgeConditions } from './edge-conditions.ts';
import { type LogSeen, logConditions } from './log-conditions.ts';

export type Snapshot = {
  readonly nowMs: number;
  readonly isBrokerConnected: boolean;
  readonly devices: readonly Device[];
  /** The community's, for times in sentences. */
  readonly zone: string;
  /** Whether the broker has been connected for long enough to have told every status it keeps. */
  readonly isBrokerKnown: boolean;
  /** Enabled edges and whether their status says offline; unknown edges have never connected. */
  readonly edges: readonly EdgeSeen[];
  readonly hubTime: HubTimeState;
  /** Null in a demo, which needs no backup. */
  readonly backup: BackupSeen | null;
  /** What the checks found, of this server and of the broker. */
  readonly audit: AuditSeen;
  readonly stillInForce: readonly StillInForce[];
  /** When the broker last took the list of who may connect; null when it has not since the start. */
  readonly access: { readonly isCurrent: boolean; readonly sinceMs: number };
  /** Packs in the log that this server has not taken in yet, and since when that is so. */
  readonly log: { readonly behind: number; readonly sinceMs: number | null };
  /** The broker's log itself. */
  readonly stored: LogSeen;
  /** The newest of each register in the last days. */
  readonly registerBreaks: readonly RegisterBreak[];
  /** What edges brought beyond their budgets, in the last day. */
  readonly edgesOver: readonly EdgeOver[];
};

/** The broker restarts within this; a shorter loss is not worth an alarm. */
const ACCESS_AGE_MAX_MS = 60_000;
const LOG_LAG_MAX_MS = 60_000;
const LOG_BEHIND_MIN = 10;
/** Of one edge and one kind of fault. */
const DEVICES_TOLD_MAX = 20;

export function findConditions(snapshot: Snapshot): Condition[] {
  return [
    ...serverConditions(snapshot),
    ...logConditions(snapshot.stored, snapshot),
    ...edgeConditions(snapshot.edges, snapshot),
    ...auditConditions(snapshot.audit),
    ...backupConditions(snapshot.backup, snapshot.hubTime.nowMs),
    ...clockConditions(snapshot.hubTime, snapshot.edges),
    ...snapshot.stillInForce.map((one) => inForceCondition(one, snapshot.devices)),
    ...overConditions(snapshot.edgesOver),
    ...deviceConditions(snapshot),
    ...snapshot.registerBreaks.map(breakCondition),
  ];
}

function serverConditions({ nowMs, isBrokerConnected, access, log }: Snapshot): Condition[] {
  const found: Condition[] = [];
  if (!isBrokerConnected) {
    const message = 'No live values and no commands until the broker answers.';
    found.push({ code: 'live.broker-unreachable', subject: 'broker', severity: 'alarm', message });
  }
  if (!access.isCurrent && nowMs - access.sinceMs > ACCESS_AGE_MAX_MS) {
    const message = `The broker has not taken the newest list for ${minutes(nowMs - access.sinceMs)}.`;
    found.push({ code: 'live.access-sync-old', subject: 'broker', severity: 'warning', message });
  }
  if (log.behind >= LOG_BEHIND_MIN && log.sinceMs !== null && nowMs - log.sinceMs > LOG_LAG_MAX_MS) {
    const message = 'Shares and statements lag behind what was measured.';
    found.push({ code: 'live.log-behind', subject: 'community server', severity: 'warning', message });
  }
  return found;
}

/** One alarm an edge: what it brings too much of has mostly one cause. */
function overConditions(over: readonly EdgeOver[]): Condition[] {
  return [...Map.groupBy(over, ({ edgeName }) => edgeName)].map(([edge, all]) => {
    const reasons = all.map(({ reason }) => reason).join('; ');
    const message = `The edge ${edge} brings too much: ${reasons}. What it sent stands in the log; the other edges have theirs.`;
    const sinceMs = Math.min(...all.map((one) => one.sinceMs));
    return { code: 'live.edge-over-budget', subject: `edge ${edge}`, severity: 'alarm', message, sinceMs, edge };
  });
}

/** By the names people know; the command's id keeps two of one device apart. */
function inForceCondition(one: StillInForce, devices: readonly Device[]): Condition {
  const known = devices.find(({ edge, device }) => edge === one.edge && device === one.device);
  const subject = `${one.device}${known === undefined ? '' : ` at ${known.edgeName}`} (${one.command})`;
  const message = `${known?.title ?? one.device}: ${one.kind} failed and may still act. ${one.detail}`;
  return { code: 'live.command-still-in-force', subject, severity: 'alarm', message, sinceMs: one.sinceMs };
}

/** An edge that is offline explains its devices: one alarm, not ten. Without the broker nobody can be judged. */
function deviceConditions({ devices, isBrokerConnected }: Snapshot): Condition[] {
  if (!isBrokerConnected) return [];
  const found = devices.flatMap((device): Condition[] => {
    const edge = device.edgeName;
    const subject = `${device.device} at ${device.edgeName}`;
    if (device.state === 'unreachable' || device.state === 'misconfigured') {
      const message = `${device.title}: ${device.reason}`;
      return [{ code: 'live.device-unreachable', subject, severity: 'alarm', message, edge }];
    }
    if (device.state !== 'online' || !device.isStale) return [];
    const message = `${device.title} sends no new values.`;
    return [{ code: 'live.values-stale', subject, severity: 'warning', message, edge }];
  });
  return [...Map.groupBy(found, ({ code, edge }) => `${code} ${edge}`).values()].flatMap(firstOfMany);
}

/** Of an edge with many devices at fault the first by themselves, the rest in one: they have one cause, and must not hide others'. */
function firstOfMany(found: readonly Condition[]): Condition[] {
  const rest = found.length - DEVICES_TOLD_MAX;
  const last = found.at(-1);
  if (rest <= 0 || last?.edge === undefined) return [...found];
  const message = `It is so with ${rest} more devices of the edge ${last.edge}.`;
  return [...found.slice(0, DEVICES_TOLD_MAX), { ...last, subject: `more devices at ${last.edge}`, message }];
}

/** Somebody should look at the meter; the interval itself was judged already. */
function breakCondition({ pointName, judgement }: RegisterBreak): Condition {
  const { register, kind, beforeMwh, afterMwh, creditedMwh, timeMs } = judgement;
  const dated = {
    subject: register === 'importedWh' ? pointName : `${pointName}, energy given`,
    ...{ severity: 'warning' as const, sinceMs: timeMs },
  };
  if (kind === 'reset') {
    const message = `The meter's register restarted from zero; ${kwh(creditedMwh ?? 0)} were counted since then in that interval.`;
    return { ...dated, code: 'live.register-restarted', message };
  }
  if (kind === 'frozen') {
    const message = `The meter's register stands still at ${kwh(afterMwh)} although its own power says that energy flows: what flows is counted nowhere, and those quarter hours are billed to nobody.`;
    return { ...dated, code: 'live.register-frozen', message };
  }
  const message = `The meter's register went from ${kwh(beforeMwh)} to ${kwh(afterMwh)}, which cannot have flowed: the interval is missing, and billed to nobody.`;
  return { ...dated, code: 'live.register-jumped', message };
}

function kwh(mwh: number): string {
  return `${Math.round(mwh / 1000) / 1000} kWh`;
}

function minutes(ms: number): string {
  return `${Math.round(ms / 60_000)} min`;
}
