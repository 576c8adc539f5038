/** Asks the broker why edges that are not connected were not let in, and who was cut for what it did. */
import { type LoginRefusal, LoginRefusalList, type Misuse } from '@commonworks/core';
import { Value } from 'typebox/value';
import { type BrokerSource, createBrokerReader } from './ask-broker.ts';

/** Alarms are looked for every few seconds; the answer may be this old. */
const AGE_MAX_MS = 10_000;
/** What happened longer ago is over. */
const MISUSE_TOLD_MS = 600_000;

export type Refusals = {
  readonly ofEdge: ReadonlyMap<string, LoginRefusal>;
  /** Of the last minutes. */
  readonly misuse: readonly Misuse[];
};
export type ReadRefusals = () => Promise<Refusals>;

export function createRefusalReader(source: BrokerSource): ReadRefusals {
  return createBrokerReader<Refusals>(source, {
    ...{ path: '/refusals', ageMaxMs: AGE_MAX_MS, first: { ofEdge: new Map(), misuse: [] } },
    read: (list) => {
      if (!Value.Check(LoginRefusalList, list)) return null;
      const misuse = list.misuse.filter(({ lastMs }) => Math.abs(list.nowMs - lastMs) < MISUSE_TOLD_MS);
      return { ofEdge: new Map(list.refusals.map((one) => [one.edge, one])), misuse };
    },
  });
}
