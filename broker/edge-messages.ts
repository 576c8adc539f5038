/** Light checks of what is forwarded but not logged: size and shape, so that a page never chokes on it. */
import { EdgeStatus } from '@commonworks/core';
import { Value } from 'typebox/value';

const LIVE_BYTES_MAX = 16_384;
const STATUS_BYTES_MAX = 65_536;

export function isLivePayload(payload: Uint8Array): boolean {
  return payload.length <= LIVE_BYTES_MAX && isObject(parse(payload));
}

/** An empty payload clears the retained status [MQTT-3.3.1-10]. */
export function isStatusPayload(payload: Uint8Array): boolean {
  return payload.length === 0 || (payload.length <= STATUS_BYTES_MAX && isObject(parse(payload)));
}

/** After a restart no edge is connected yet: its saved status says so until it comes back. */
export function offlineStatus(payload: string, nowMs: number): string {
  const status = parse(Buffer.from(payload));
  if (!Value.Check(EdgeStatus, status) || status.state === 'offline') return payload;
  return JSON.stringify({ ...status, state: 'offline', sinceMs: nowMs });
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return null;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
