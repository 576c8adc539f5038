/** A whole broker: MQTT, ingest, log, series and their HTTP API, from its parts; ended by disposing of it. */
import type { BrokerStatus, Clock, EdgeTopic, MarkMessage } from '@commonworks/core';
import { CodedError, edgeTopic, parseEdgeTopic } from '@commonworks/core';
import type { Mark } from '@commonworks/telemetry/log/pack-log.ts';
import type { CursorStore, LogReader } from '@commonworks/telemetry/port.ts';
import type { FastifyInstance } from 'fastify';
import { AccessKeeper } from './access/access-keeper.ts';
import { Credentials } from './access/credentials.ts';
import { TopicRules } from './access/topic-rules.ts';
import type { BrokerLog } from './broker-log.ts';
import { withoutRepeats } from './broker-log.ts';
import { isLivePayload, isStatusPayload, offlineStatus } from './edge-messages.ts';
import { buildLogApi } from './http/log-api.ts';
import { Ingest } from './ingest/ingest.ts';
import type { Stores } from './ingest/stores.ts';
import { openStores } from './ingest/stores.ts';
import { MQTT_LIMITS, type MqttLimits } from './mqtt/limits.ts';
import { type Listener, listenTcp, listenWebSocket } from './mqtt/listeners.ts';
import type { Disposition } from './mqtt/mqtt-broker.ts';
import { MqttBroker } from './mqtt/mqtt-broker.ts';

export type BrokerOptions = {
  readonly community: string;
  readonly telemetryFile: string;
  readonly brokerFile: string;
  readonly serviceToken: string;
  /** 0 is any free port. */
  readonly listen: {
    readonly host: string;
    readonly mqttPort: number;
    readonly mqttWsPort: number;
    readonly logPort: number;
  };
  /** How long a pack waits for others to share its commit. */
  readonly commitMs?: number | undefined;
  readonly limits?: Partial<MqttLimits>;
  readonly now: Clock;
  /** How far ahead of the clock a reading may be. */
  readonly log: BrokerLog;
  /** How the projections into InfluxDB stand. */
  readonly projections?: () => BrokerStatus['projections'];
};

export type Broker = {
  readonly addresses: { readonly mqttPort: number; readonly mqttWsPort: number; readonly logPort: number };
  readonly readLog: LogReader;
  readonly cursors: CursorStore;
  /** Rejects when a worker thread dies: the process must end. */
  readonly died: Promise<never>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** On an SSD or virtual disk; longer where a flush is slow. */
const COMMIT_MS = 2;
const COMMAND_BYTES_MAX = 16_384;

/** @throws CodedError for files that cannot be used and ports that cannot be opened. */
export async function openBroker(given: BrokerOptions): Promise<Broker> {
  const options = { ...given, log: withoutRepeats(given.log, given.now) };
  const limits = { ...MQTT_LIMITS, ...given.limits };
  const stores = await openStores(options);
  const opened: (() => Promise<unknown>)[] = [() => stores.close()];
  try {
    return await assemble(options, { limits, stores, opened });
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

type Base = { readonly limits: MqttLimits; readonly stores: Stores; readonly opened: (() => Promise<unknown>)[] };

async function assemble(options: BrokerOptions, base: Base): Promise<Broker> {
  const { stores, opened } = base;
  const whole = connect(options, base);
  await whole.mqtt.listen();
  restoreStatuses(whole.mqtt, stores, options);
  const addresses = await listenAll(whole, base.limits, opened);
  return {
    addresses,
    readLog: stores.reads.readLog,
    cursors: {
      get: (sink) => stores.writer.call('sink', sink),
      set: (sink, cursor) => stores.writer.call('saveSink', { name: sink, cursor }),
    },
    died: stores.died,
    [Symbol.asyncDispose]: () => closeAll(opened),
  };
}

type Whole = {
  readonly options: BrokerOptions;
  readonly stores: Stores;
  readonly ingest: Ingest;
  readonly keeper: AccessKeeper;
  readonly credentials: Credentials;
  readonly mqtt: MqttBroker;
};

function connect(options: BrokerOptions, { limits, stores }: Base): Whole {
  const { community, log, now } = options;
  const ingest: Ingest = new Ingest({
    ...options,
    writer: stores.writer,
    head: stores.start.head,
    commitMs: options.commitMs ?? COMMIT_MS,
    onMarks: (marks) => {
      tellMarks(mqtt, community, marks);
      if (ingest.pending < limits.pendingTotal) mqtt.wakeAll();
    },
  });
  const keeper: AccessKeeper = new AccessKeeper({
    community,
    saved: stores.start.access,
    save: (access) => stores.writer.call('saveAccess', access),
    now,
    onReplaced: () =>
      mqtt.revoke(({ user, role, secretHash }) => {
        const current = credentials.find(user);
        return current?.role === role && current.secretHash === secretHash;
      }),
  });
  const credentials = new Credentials({ access: () => keeper.document, serviceToken: options.serviceToken, now });
  const rules = new TopicRules(community);
  const mqtt: MqttBroker = new MqttBroker({
    limits,
    log,
    now,
    hooks: {
      login: (login) => credentials.check(login),
      mayPublish: (principal, publication) => rules.publish(principal, publication),
      maySubscribe: (principal, filter) => rules.subscribe(principal, filter),
      receive: receiver({ stores, ingest, log, now }),
      subscribed: (filter) => tellMarksOnDemand(mqtt, stores, filter),
      isFull: () => ingest.pending >= limits.pendingTotal,
    },
  });
  return { options, stores, ingest, keeper, credentials, mqtt };
}

async function listenAll(whole: Whole, limits: MqttLimits, opened: Base['opened']): Promise<Broker['addresses']> {
  const { options, stores, ingest, keeper, credentials, mqtt } = whole;
  const { listen } = options;
  const tcp = await listenTcp(mqtt, listen.host, listen.mqttPort);
  opened.push(() => tcp.close());
  const ws = await listenWebSocket(mqtt, { host: listen.host, port: listen.mqttWsPort, limits });
  opened.push(() => ws.close());
  const api = buildLogApi({
    isServiceToken: (token) => credentials.isServiceToken(token),
    ingest,
    ...stores.reads,
    replaceAccess: (document) => keeper.replace(document),
    status: () => statusOf(whole),
  });
  // A listener has closed when its connections have: so they are ended first.
  opened.push(
    () => mqtt.close(),
    () => api.close(),
  );
  const logPort = await listenHttp(api, listen.host, listen.logPort);
  return { mqttPort: tcp.port, mqttWsPort: ws.port, logPort };
}

async function listenHttp(api: FastifyInstance, host: string, port: number): Promise<Listener['port']> {
  try {
    return Number(new URL(await api.listen({ host, port })).port);
  } catch (cause) {
    throw new CodedError('broker.listen-failed', `cannot listen on ${host}:${port}: ${String(cause)}`, { cause });
  }
}

async function closeAll(opened: (() => Promise<unknown>)[]): Promise<void> {
  for (const close of opened.reverse()) await close();
}

type Parts = { readonly stores: Stores; readonly ingest: Ingest; readonly log: BrokerLog; readonly now: Clock };

/** What becomes of a message whose sender may publish it. */
function receiver({
  stores,
  ingest,
  log,
  now,
}: Parts): (topic: EdgeTopic, payload: Uint8Array) => Disposition | Promise<Disposition> {
  return ({ edge, channel }, payload) => {
    switch (channel) {
      case 'data':
        return ingest.keep(edge, payload).then((outcome) => (outcome === 'quarantined' ? 'swallow' : 'deliver'));
      case 'live':
        return isLivePayload(payload) ? 'deliver' : 'swallow';
      case 'status': {
        if (!isStatusPayload(payload)) return 'swallow';
        const status = { edge, receivedMs: now(), payload: Buffer.from(payload).toString('utf8') };
        stores.writer.call('saveStatus', status).catch((error: unknown) => {
          log.warn({ code: 'broker.commit-failed', edge, err: String(error) }, 'a status could not be saved');
        });
        return 'deliver';
      }
      case 'cmd':
        return payload.length <= COMMAND_BYTES_MAX ? 'deliver' : 'swallow';
      case 'mark':
        return 'swallow';
      default:
        return channel satisfies never;
    }
  };
}

function tellMarks(mqtt: MqttBroker, community: string, marks: readonly Mark[]): void {
  for (const { edge, epoch, seq, hash } of marks) {
    const mark: MarkMessage = { epoch, seq, ...(hash === null ? {} : { hash }) };
    mqtt.publish(edgeTopic(community, edge, 'mark'), JSON.stringify(mark), { qos: 1, retain: false });
  }
}

/** All of them: an outbox put back from a backup goes on in an epoch that may be long past. */
function tellMarksOnDemand(mqtt: MqttBroker, stores: Stores, filter: string): void {
  const topic = parseEdgeTopic(filter);
  if (topic?.channel !== 'mark') return;
  stores.writer
    .call('marks', topic.edge)
    .then((marks) => tellMarks(mqtt, topic.community, marks))
    .catch(() => undefined);
}

function restoreStatuses(mqtt: MqttBroker, stores: Stores, { community, now }: BrokerOptions): void {
  for (const { edge, payload } of stores.start.statuses) {
    mqtt.publish(edgeTopic(community, edge, 'status'), offlineStatus(payload, now()), { qos: 1, retain: true });
  }
}

async function statusOf({ options, stores, ingest, keeper, mqtt }: Whole): Promise<BrokerStatus> {
  const counts = await stores.writer.call('counts', undefined);
  return {
    ...counts,
    community: options.community,
    nowMs: options.now(),
    accessVersion: keeper.version,
    accessSyncedMs: keeper.syncedMs,
    pending: ingest.pending,
    isWritable: ingest.isWritable,
    projections: options.projections?.() ?? [],
    clients: mqtt.clients().map(({ principal, clientId, sinceMs }) => ({
      user: principal.user,
      role: principal.role,
      clientId,
      sinceMs,
    })),
  };
}
