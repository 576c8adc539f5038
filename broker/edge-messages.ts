/** Light checks of what is forwarded but not logged: size and shape, so that a page never chokes on it. */
import { EdgeDevices, EdgeStatus, MESSAGE_LIMITS } from '@commonworks/core';
import { Value } from 'typebox/value';

export function isLivePayload(payload: Uint8Array): boolean {
  return payload.length <= MESSAGE_LIMITS.liveBytes && isObject(parse(payload));
}

/** An empty payload clears the retained status [MQTT-3.3.1-10]. */
export function isStatusPayload(payload: Uint8Array): boolean {
  return payload.length === 0 || (payload.length <= MESSAGE_LIMITS.statusBytes && isObject(parse(payload)));
}

/** Which life of the agent says so: only of one that is there, since its last will comes when it is not; null when it does not tell. */
export function bootOf(payload: string): string | null {
  const status = parse(Buffer.from(payload)) as { boot?: unknown; state?: unknown } | null;
  return typeof status?.boot === 'string' && status.state === 'online' ? status.boot.slice(0, 80) : null;
}

/** One page of a device list; null when it is none, `cleared` when it clears a retained one. */
export function devicesPayload(payload: Uint8Array): EdgeDevices | 'cleared' | null {
  if (payload.length === 0) return 'cleared';
  if (payload.length > MESSAGE_LIMITS.devicesPageBytes) return null;
  const page = parse(payload);
  return Value.Check(EdgeDevices, page) ? page : null;
}

/** After a restart no edge is connected yet: its saved status says so until it comes back. */
export function offlineStatus(payload: string, nowMs: number): string {
  const status = parse(Buffer.from(payload));
  if (!Value.Check(EdgeStatus, status) || status.state === 'offline') return payload;
  return JSON.stringify({ ...status, state: 'offline', sinceMs: nowMs });
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload));
  } catch {
    return null;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
