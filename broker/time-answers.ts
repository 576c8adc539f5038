/** Answers an edge that asks for the time: at once, from the MQTT path, and never more often than a clock needs. */
import type { HubTimeState, TimeAnswer } from '@commonworks/core';
import { HUB_ERROR_MAX_MS, TIME_MAX_MS, TimeRequest } from '@commonworks/core';
import { Value } from 'typebox/value';

export const TIME_ANSWER_LIMITS = { bytesMax: 256, perSecondMax: 20, edgesMax: 10_000 } as const;

/** What is said of an error nobody knows: a day. */
const UNKNOWN_ERROR_MS = 86_400_000;

export type TimeAnswers = (edge: string, payload: Uint8Array) => string | null;

/** Null for what is no request, and for more requests in a second than anybody needs: they are not answered. */
export function createTimeAnswers(hub: () => HubTimeState, monotonic: () => number): TimeAnswers {
  const asked = new Map<string, { sinceMs: number; count: number }>();
  const mayAsk = (edge: string): boolean => {
    const nowMs = monotonic();
    const window = asked.get(edge);
    if (window !== undefined && nowMs - window.sinceMs < 1000) {
      window.count += 1;
      return window.count <= TIME_ANSWER_LIMITS.perSecondMax;
    }
    // The one that asked longest ago goes, and only it: nobody's window begins anew for another's asking.
    asked.delete(edge);
    const [oldest] = asked.keys();
    if (asked.size >= TIME_ANSWER_LIMITS.edgesMax && oldest !== undefined) asked.delete(oldest);
    asked.set(edge, { sinceMs: nowMs, count: 1 });
    return true;
  };
  return (edge, payload) => {
    const receivedMs = hub().nowMs;
    const request = mayAsk(edge) ? parse(payload) : null;
    if (request === null) return null;
    const { nowMs, isTrusted, errorMs } = hub();
    const bound = errorMs ?? UNKNOWN_ERROR_MS;
    const answer: TimeAnswer = {
      ...{ id: request.id, sentMs: request.sentMs, receivedMs, answeredMs: nowMs },
      isTrusted: isTrusted && bound <= HUB_ERROR_MAX_MS,
      errorMs: Math.min(bound, TIME_MAX_MS),
    };
    return JSON.stringify(answer);
  };
}

function parse(payload: Uint8Array): TimeRequest | null {
  if (payload.length > TIME_ANSWER_LIMITS.bytesMax) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return Value.Check(TimeRequest, value) ? value : null;
  } catch {
    return null;
  }
}
