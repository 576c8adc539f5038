/** Asks the broker why edges that are not connected were not let in; only while there are such edges. */
import { type LoginRefusal, LoginRefusalList } from '@commonworks/core';
import { Value } from 'typebox/value';

const TIMEOUT_MS = 3000;
/** Alarms are looked for every few seconds; the answer may be this old. */
const AGE_MAX_MS = 10_000;

export type Refusals = ReadonlyMap<string, LoginRefusal>;
export type ReadRefusals = () => Promise<Refusals>;

/** Never throws: without an answer the last one stands, and the alarm says what is known. */
export function createRefusalReader(source: { url: string; token: string }): ReadRefusals {
  let known: Refusals = new Map();
  let askedMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - askedMs < AGE_MAX_MS) return known;
    askedMs = performance.now();
    const headers = { authorization: `Bearer ${source.token}` };
    try {
      const response = await fetch(`${source.url}/refusals`, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const list: unknown = await response.json();
      if (Value.Check(LoginRefusalList, list)) known = new Map(list.refusals.map((one) => [one.edge, one]));
    } catch {
      // That the broker does not answer is an alarm of its own.
    }
    return known;
  };
}
