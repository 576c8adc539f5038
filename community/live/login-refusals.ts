/** Asks the broker why edges that are not connected were not let in, and who was cut for what it did. */
import { type LoginRefusal, LoginRefusalList, type Misuse } from '@commonworks/core';
import { Value } from 'typebox/value';

const TIMEOUT_MS = 3000;
/** Alarms are looked for every few seconds; the answer may be this old. */
const AGE_MAX_MS = 10_000;

export type Refusals = {
  readonly ofEdge: ReadonlyMap<string, LoginRefusal>;
  /** Of the last minutes. */
  readonly misuse: readonly Misuse[];
};
export type ReadRefusals = () => Promise<Refusals>;

/** What happened longer ago is over. */
const MISUSE_TOLD_MS = 600_000;

/** Never throws: without an answer the last one stands, and the alarm says what is known. */
export function createRefusalReader(source: { url: string; token: string }): ReadRefusals {
  let known: Refusals = { ofEdge: new Map(), misuse: [] };
  let askedMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - askedMs < AGE_MAX_MS) return known;
    askedMs = performance.now();
    const headers = { authorization: `Bearer ${source.token}` };
    try {
      const response = await fetch(`${source.url}/refusals`, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const list: unknown = await response.json();
      if (!Value.Check(LoginRefusalList, list)) return known;
      const misuse = list.misuse.filter(({ lastMs }) => Math.abs(list.nowMs - lastMs) < MISUSE_TOLD_MS);
      known = { ofEdge: new Map(list.refusals.map((one) => [one.edge, one])), misuse };
    } catch {
      // That the broker does not answer is an alarm of its own.
    }
    return known;
  };
}
