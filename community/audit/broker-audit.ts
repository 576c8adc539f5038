/** What the broker's own checks found, asked now and then. */
import { InvariantAudit } from '@commonworks/core/audit/index.ts';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { type BrokerSource, createBrokerReader } from '../live/ask-broker.ts';

const AGE_MAX_MS = 20_000;
const Told = Type.Array(InvariantAudit);

export function createBrokerAuditReader(source: BrokerSource): () => Promise<InvariantAudit[] | null> {
  return createBrokerReader<InvariantAudit[] | null>(source, {
    ...{ path: '/status', ageMaxMs: AGE_MAX_MS, first: null },
    read: ({ audit }) => (Value.Check(Told, audit) ? audit : null),
  });
}
