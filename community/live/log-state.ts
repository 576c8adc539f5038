/** Asks the broker how its log stands, now and then: whether it fell back, and what of it is damaged. */
import { LogState } from '@commonworks/core';
import { Value } from 'typebox/value';
import type { Db } from '../database.ts';
import { type BrokerSource, createBrokerReader } from './ask-broker.ts';
import type { LogSeen } from './log-conditions.ts';

/** Alarms are looked for every few seconds; the answer may be this old. */
const AGE_MAX_MS = 30_000;

export type ReadLogState = () => Promise<LogState | null>;

export function createLogStateReader(source: BrokerSource): ReadLogState {
  return createBrokerReader<LogState | null>(source, {
    ...{ path: '/status', ageMaxMs: AGE_MAX_MS, first: null },
    read: ({ log }) => (Value.Check(LogState, log) ? log : null),
  });
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
