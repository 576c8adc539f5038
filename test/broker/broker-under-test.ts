/** A broker on free ports in a folder of its own, with an edge and a few people who may log in. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HubTime } from '@commonworks/clock/hub-time.ts';
import type { AccessDocument } from '@commonworks/core';
import type { EdgeBudgets } from '@commonworks/telemetry/edge-budgets.ts';
import { hashSecret } from '../../broker/access/secret-hash.ts';
import type { Broker } from '../../broker/broker.ts';
import { openBroker } from '../../broker/broker.ts';
import type { MqttLimits } from '../../broker/mqtt/limits.ts';
import type { UserBudgetsTable } from '../../broker/mqtt/user-budgets.ts';

export type LogLine = { readonly level: string; readonly code: unknown; readonly message: string };

export type BrokerUnderTest = Broker & {
  readonly community: string;
  readonly edge: string;
  readonly otherEdge: string;
  readonly lines: LogLine[];
  readonly document: AccessDocument;
  /** GET with the service token. */
  readonly get: <T>(path: string) => Promise<T>;
  readonly putAccess: (document: AccessDocument) => Promise<number>;
};

export const SERVICE_TOKEN = 'service-token-for-tests';
export const SECRET = 'secret-for-tests';

const secretHash = hashSecret(SECRET);

export async function startBroker(
  limits: Partial<MqttLimits> = {},
  more: {
    readonly hub?: HubTime;
    readonly userBudgets?: Partial<UserBudgetsTable>;
    readonly edgeBudgets?: EdgeBudgets;
  } = {},
): Promise<BrokerUnderTest> {
  const dir = mkdtempSync(join(tmpdir(), 'commonworks-broker-'));
  const [community, edge, otherEdge] = [randomUUID(), randomUUID(), randomUUID()];
  const lines: LogLine[] = [];
  const keep = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, code: (fields as { code?: unknown }).code });
  };
  const broker = await openBroker({
    community,
    telemetryFile: join(dir, 'telemetry.db'),
    brokerFile: join(dir, 'broker.db'),
    serviceToken: SERVICE_TOKEN,
    listen: { host: '127.0.0.1', mqttPort: 0, mqttWsPort: 0, logPort: 0 },
    limits,
    now: Date.now,
    ...more,
    log: { info: keep('info'), warn: keep('warn'), error: keep('error') },
  });
  const url = `http://127.0.0.1:${broker.addresses.logPort}`;
  const headers = { authorization: `Bearer ${SERVICE_TOKEN}`, 'content-type': 'application/json' };
  const principal = (user: string, role: AccessDocument['principals'][number]['role']) => {
    return { user, role, secretHash, enabled: true };
  };
  const document: AccessDocument = {
    version: 1,
    community,
    principals: [
      principal(edge, 'edge'),
      principal(otherEdge, 'edge'),
      principal('olga', 'operator'),
      principal('rita', 'readonly'),
    ],
  };
  const putAccess = async (next: AccessDocument) => {
    return (await fetch(`${url}/access`, { method: 'PUT', headers, body: JSON.stringify(next) })).status;
  };
  await putAccess(document);
  return {
    ...broker,
    ...{ community, edge, otherEdge, lines, document, putAccess },
    get: async <T>(path: string) => (await (await fetch(`${url}${path}`, { headers })).json()) as T,
    [Symbol.asyncDispose]: async () => {
      await broker[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
