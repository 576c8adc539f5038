/** A whole broker: MQTT, ingest, log, series and their HTTP API, from its parts; ended by disposing of it. */
import { type HubTime, rightHub } from '@commonworks/clock/hub-time.ts';
import type { BrokerStatus, Clock, EdgeTopic, HubTimeState, MarkMessage } from '@commonworks/core';
import { CodedError, devicesTopic, edgeTopic, MESSAGE_LIMITS, parseEdgeTopic } from '@commonworks/core';
import type { Mark } from '@commonworks/telemetry/log/pack-log.ts';
import type { CursorStore, LogReader } from '@commonworks/telemetry/port.ts';
import type { FastifyInstance } from 'fastify';
import { AccessKeeper } from './access/access-keeper.ts';
import { Credentials } from './access/credentials.ts';
import { LoginRefusals } from './access/login-refusals.ts';
import { TopicRules } from './access/topic-rules.ts';
import type { BrokerLog } from './broker-log.ts';
import { withoutRepeats } from './broker-log.ts';
import { devicesPayload, isLivePayload, isStatusPayload, offlineStatus } from './edge-messages.ts';
import { buildLogApi } from './http/log-api.ts';
import { Ingest } from './ingest/ingest.ts';
import { createJudgeAgain } from './ingest/judge-again.ts';
import type { Stores } from './ingest/stores.ts';
import { openStores } from './ingest/stores.ts';
import { createLogWatch, type LogWatch } from './log-watch.ts';
import { MQTT_LIMITS, type MqttLimits } from './mqtt/limits.ts';
import { type Listener, listenTcp, listenWebSocket } from './mqtt/listeners.ts';
import type { Disposition } from './mqtt/mqtt-broker.ts';
import { MqttBroker } from './mqtt/mqtt-broker.ts';
import { createTimeAnswers } from './time-answers.ts';

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
  /** The hub's own time, and what it is worth; absent: `now` is right. */
  readonly hub?: HubTime;
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

/** @throws CodedError for files that cannot be used and ports that cannot be opened. */
export async function openBroker(given: BrokerOptions): Promise<Broker> {
  const hub = given.hub ?? rightHub(given.now);
  const options = { ...given, hub, log: withoutRepeats(given.log, hub.now) };
  const limits = { ...MQTT_LIMITS, ...given.limits };
  const stores = await openStores({ ...options, nowMs: hub.now() });
  const opened: (() => Promise<unknown>)[] = [() => stores.close()];
  try {
    return await assemble(options, { limits, stores, opened });
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

type Known = BrokerOptions & { readonly hub: HubTime };
type Base = { readonly limits: MqttLimits; readonly stores: Stores; readonly opened: (() => Promise<unknown>)[] };

async function assemble(options: Known, base: Base): Promise<Broker> {
  const { stores, opened } = base;
  const whole = connect(options, base);
  const judgeAgain = createJudgeAgain({ writer: stores.writer, moment: options.hub.moment, log: options.log });
  options.hub.onChange((state) => {
    tellTime(options.log, state);
    void judgeAgain();
  });
  await judgeAgain();
  tellTime(options.log, options.hub.state());
  await whole.mqtt.listen();
  restoreStatuses(whole.mqtt, stores, options);
  const addresses = await listenAll(whole, base.limits, opened);
  return {
    addresses,
    readLog: whole.watch.readEntries,
    cursors: {
      get: (sink) => stores.writer.call('sink', sink),
      set: (sink, cursor) => stores.writer.call('saveSink', { name: sink, cursor }),
    },
    died: stores.died,
    [Symbol.asyncDispose]: () => closeAll(opened),
  };
}

type Whole = {
  readonly options: Known;
  readonly stores: Stores;
  readonly ingest: Ingest;
  readonly keeper: AccessKeeper;
  readonly credentials: Credentials;
  readonly mqtt: MqttBroker;
  readonly refusals: LoginRefusals;
  readonly watch: LogWatch;
};

function connect(options: Known, { limits, stores }: Base): Whole {
  const { community, log, hub } = options;
  const { now } = hub;
  const ingest: Ingest = new Ingest({
    ...options,
    writer: stores.writer,
    head: stores.start.head,
    commitMs: options.commitMs ?? COMMIT_MS,
    onMarks: (marks) => {
      tell(marks);
      watch.marked(marks);
      if (ingest.pending < limits.pendingTotal) mqtt.wakeAll();
    },
  });
  const tell = (marks: readonly Mark[]) => tellMarks(mqtt, { community, watch }, marks);
  const watch: LogWatch = createLogWatch({ stores, ingest, log, now, tellMarks: tell });
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
  const refusals = new LoginRefusals({ isEdge: (name) => credentials.find(name)?.role === 'edge', now });
  const rules = new TopicRules(community);
  const answer = createTimeAnswers(hub.state, hub.monotonic);
  const answerTime = (edge: string, payload: Uint8Array) => {
    const text = answer(edge, payload);
    if (text !== null) mqtt.publish(edgeTopic(community, edge, 'time'), text, { qos: 0, retain: false });
  };
  const mqtt: MqttBroker = new MqttBroker({
    limits,
    log,
    now,
    hooks: {
      login: (login) => credentials.check(login),
      mayPublish: (principal, publication) => rules.publish(principal, publication),
      maySubscribe: (principal, filter) => rules.subscribe(principal, filter),
      receive: receiver({ stores, ingest, log, now, watch, tellTime: (edge, payload) => answerTime(edge, payload) }),
      subscribed: (filter) => tellMarksOnDemand(tell, stores, filter),
      refused: (refused) => refusals.note(refused),
      admitted: (user) => refusals.forget(user),
      isFull: () => ingest.pending >= limits.pendingTotal,
    },
  });
  return { options, stores, ingest, keeper, credentials, mqtt, refusals, watch };
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
    readPage: whole.watch.readPage,
    isDamaged: whole.watch.isDamaged,
    replaceAccess: (document) => keeper.replace(document),
    status: () => statusOf(whole),
    refusals: () => ({ nowMs: options.now(), refusals: whole.refusals.list() }),
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

type Parts = {
  readonly stores: Stores;
  readonly ingest: Ingest;
  readonly log: BrokerLog;
  readonly now: Clock;
  readonly watch: LogWatch;
  readonly tellTime: (edge: string, payload: Uint8Array) => void;
};

/** What becomes of a message whose sender may publish it. */
function receiver({
  stores,
  ingest,
  log,
  now,
  watch,
  tellTime,
}: Parts): (topic: EdgeTopic, payload: Uint8Array) => Disposition | Promise<Disposition> {
  return ({ edge, channel, page }, payload) => {
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
        watch.edgeStatus(edge, payload).catch(() => undefined);
        return 'deliver';
      }
      case 'devices':
        return keepDevices({ stores, log }, { edge, page: page ?? 0 }, payload);
      case 'cmd':
        return payload.length <= MESSAGE_LIMITS.commandBytes ? 'deliver' : 'swallow';
      case 'ask':
        tellTime(edge, payload);
        return 'swallow';
      case 'mark':
      case 'time':
        return 'swallow';
      default:
        return channel satisfies never;
    }
  };
}

/** A page of a device list: forwarded and kept, as the status is. */
function keepDevices(
  { stores, log }: Pick<Parts, 'stores' | 'log'>,
  { edge, page }: { edge: string; page: number },
  payload: Uint8Array,
): Disposition {
  const list = devicesPayload(payload);
  if (list === null || (list !== 'cleared' && list.page !== page)) return 'swallow';
  const pages = list === 'cleared' ? MESSAGE_LIMITS.devicesPages : list.pages;
  const saved = { edge, page, pages, payload: Buffer.from(payload).toString('utf8') };
  stores.writer.call('saveDevices', saved).catch((error: unknown) => {
    log.warn({ code: 'broker.commit-failed', edge, err: String(error) }, 'a device list could not be saved');
  });
  return 'deliver';
}

type MarkTeller = { readonly community: string; readonly watch: LogWatch };

function tellMarks(mqtt: MqttBroker, { community, watch }: MarkTeller, marks: readonly Mark[]): void {
  const of = watch.identity();
  for (const { edge, epoch, seq, hash, wanted } of marks) {
    const held = hash === null ? {} : { hash };
    const mark: MarkMessage = { epoch, seq, ...held, ...of, ...(wanted.length === 0 ? {} : { wanted: [...wanted] }) };
    mqtt.publish(edgeTopic(community, edge, 'mark'), JSON.stringify(mark), { qos: 1, retain: false });
  }
}

/** All of them: an outbox put back from a backup goes on in an epoch that may be long past. */
function tellMarksOnDemand(tell: (marks: readonly Mark[]) => void, stores: Stores, filter: string): void {
  const topic = parseEdgeTopic(filter);
  if (topic?.channel !== 'mark') return;
  stores.writer
    .call('marks', topic.edge)
    .then(tell)
    .catch(() => undefined);
}

function restoreStatuses(mqtt: MqttBroker, stores: Stores, { community, hub }: Known): void {
  for (const { edge, payload } of stores.start.statuses) {
    mqtt.publish(edgeTopic(community, edge, 'status'), offlineStatus(payload, hub.now()), { qos: 1, retain: true });
  }
  for (const { edge, page, payload } of stores.start.devices) {
    mqtt.publish(devicesTopic(community, edge, page), payload, { qos: 1, retain: true });
  }
}

function tellTime(log: BrokerLog, { isTrusted, source, errorMs, correctionMs }: HubTimeState): void {
  const fields = {
    source,
    errorMs: errorMs === null ? null : Math.round(errorMs),
    correctionMs: Math.round(correctionMs),
  };
  if (isTrusted) log.info(fields, "the hub's time is trusted");
  else log.warn({ code: 'broker.time-unconfirmed', ...fields }, "nobody vouches for the hub's time: confirm it");
}

async function statusOf({ options, stores, ingest, keeper, mqtt, watch }: Whole): Promise<BrokerStatus> {
  const counts = await stores.writer.call('counts', undefined);
  return {
    ...counts,
    log: { ...counts.log, fallenBehind: watch.fallenBehind() },
    community: options.community,
    nowMs: options.hub.now(),
    hubTime: options.hub.state(),
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
