/** Asks the broker how its log stands, now and then: whether it fell back, and what of it is damaged. */
import { LogState } from '@commonworks/core';
import { Value } from 'typebox/value';
import type { Db } from '../database.ts';
import type { LogSeen } from './log-conditions.ts';

const TIMEOUT_MS = 3000;
/** Alarms are looked for every few seconds; the answer may be this old. */
const AGE_MAX_MS = 30_000;

export type ReadLogState = () => Promise<LogState | null>;

/** Never throws: without an answer the last one stands, and that the broker is away is an alarm of its own. */
export function createLogStateReader(source: { url: string; token: string }): ReadLogState {
  let known: LogState | null = null;
  let askedMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - askedMs < AGE_MAX_MS) return known;
    askedMs = performance.now();
    const headers = { authorization: `Bearer ${source.token}` };
    try {
      const response = await fetch(`${source.url}/status`, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const { log } = (await response.json()) as { log?: unknown };
      if (Value.Check(LogState, log)) known = log;
    } catch {
      // It is asked again.
    }
    return known;
  };
}

export async function seenLog(
  db: Db,
  edges: readonly { id: string; name: string }[],
  read: ReadLogState,
): Promise<LogSeen> {
  const row = await db
    .selectFrom('log_change')
    .select((of) => of.fn.max<number | null>('time_ms').as('ms'))
    .whereRef('from_log', '<>', 'to_log')
    .where('from_log', '<>', '')
    .executeTakeFirst();
  const names = new Map(edges.map(({ id, name }) => [id, name]));
  return { state: await read(), names, replacedMs: row?.ms ?? null };
}
