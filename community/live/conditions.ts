/** What is wrong at this moment, from a snapshot: pure, so that every alarm can be tested without waiting for it. */
import type { Device } from '@commonworks/core/api/index.ts';
import type { RegisterBreak } from '../metering/list-judgements.ts';
import type { Condition } from './alarms.ts';

export type Snapshot = {
  readonly nowMs: number;
  readonly isBrokerConnected: boolean;
  readonly devices: readonly Device[];
  /** Enabled edges and whether their status says offline; unknown edges have never connected. */
  readonly edges: readonly { readonly name: string; readonly state: 'online' | 'offline' | 'never-seen' }[];
  /** When the broker last took the list of who may connect; null when it has not since the start. */
  readonly access: { readonly isCurrent: boolean; readonly sinceMs: number };
  /** Packs in the log that this server has not taken in yet, and since when that is so. */
  readonly log: { readonly behind: number; readonly sinceMs: number | null };
  /** The newest of each register in the last days. */
  readonly registerBreaks: readonly RegisterBreak[];
};

/** The broker restarts within this; a shorter loss is not worth an alarm. */
const ACCESS_AGE_MAX_MS = 60_000;
const LOG_LAG_MAX_MS = 60_000;
const LOG_BEHIND_MIN = 10;

export function findConditions(snapshot: Snapshot): Condition[] {
  return [
    ...serverConditions(snapshot),
    ...edgeConditions(snapshot),
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

function edgeConditions({ edges }: Snapshot): Condition[] {
  return edges
    .filter((edge) => edge.state === 'offline')
    .map(({ name }) => ({
      code: 'live.edge-offline',
      subject: `edge ${name}`,
      severity: 'alarm',
      message: `The edge ${name} is not connected.`,
    }));
}

/** An edge that is offline explains its devices: one alarm, not ten. Without the broker nobody can be judged. */
function deviceConditions({ devices, isBrokerConnected }: Snapshot): Condition[] {
  if (!isBrokerConnected) return [];
  return devices.flatMap((device): Condition[] => {
    const subject = `${device.device} at ${device.edgeName}`;
    if (device.state === 'unreachable' || device.state === 'misconfigured') {
      const message = `${device.title}: ${device.reason}`;
      return [{ code: 'live.device-unreachable', subject, severity: 'alarm', message }];
    }
    if (device.state !== 'online' || !device.isStale) return [];
    const message = `${device.title} sends no new values.`;
    return [{ code: 'live.values-stale', subject, severity: 'warning', message }];
  });
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
  const message = `The meter's register went from ${kwh(beforeMwh)} to ${kwh(afterMwh)}, which cannot have flowed: the interval is missing, and billed to nobody.`;
  return { ...dated, code: 'live.register-jumped', message };
}

function kwh(mwh: number): string {
  return `${Math.round(mwh / 1000) / 1000} kWh`;
}

function minutes(ms: number): string {
  return `${Math.round(ms / 60_000)} min`;
}
