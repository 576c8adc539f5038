/** A whole broker: MQTT, ingest, log, series and their HTTP API, from its parts; ended by disposing of it. */
import { type HubTime, rightHub } from '@commonworks/clock/hub-time.ts';
import type { BrokerStatus, Clock, HubTimeState, MarkMessage } from '@commonworks/core';
import { CodedError, devicesTopic, edgeTopic, parseEdgeTopic } from '@commonworks/core';
import type { EdgeBudgets } from '@commonworks/telemetry/edge-budgets.ts';
import type { Mark } from '@commonworks/telemetry/log/pack-log.ts';
import type { CursorStore, LogReader } from '@commonworks/telemetry/port.ts';
import type { FastifyInstance } from 'fastify';
import { type Access, openAccess } from './access/open-access.ts';
import { TopicRules } from './access/topic-rules.ts';
import { type BrokerAuditor, startAudit } from './audit/start-audit.ts';
import type { BrokerLog } from './broker-log.ts';
import { withoutRepeats } from './broker-log.ts';
import { offlineStatus } from './edge-messages.ts';
import { buildLogApi } from './http/log-api.ts';
import type { StateDamaged } from './ingest/broker-file.ts';
import { Ingest } from './ingest/ingest.ts';
import { createJudgeAgain } from './ingest/judge-again.ts';
import type { Stores } from './ingest/stores.ts';
import { openStores } from './ingest/stores.ts';
import { LatestMessages } from './latest-messages.ts';
import { createLogWatch, type LogWatch } from './log-watch.ts';
import { createMarkTeller } from './mark-teller.ts';
import { MQTT_LIMITS, type MqttLimits } from './mqtt/limits.ts';
import { type Listener, listenTcp, listenWebSocket } from './mqtt/listeners.ts';
import { MqttBroker } from './mqtt/mqtt-broker.ts';
import { USER_BUDGETS, type UserBudgetsTable } from './mqtt/user-budgets.ts';
import { tellOverruns } from './overruns.ts';
import { createReceiver } from './receive.ts';
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
  readonly userBudgets?: Partial<UserBudgetsTable>;
  readonly edgeBudgets?: EdgeBudgets;
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
  const stores = await openStores({ ...options, budgets: options.edgeBudgets, nowMs: hub.now() });
  tellStateDamaged(options.log, stores.start.stateDamaged);
  const opened: (() => Promise<unknown>)[] = [() => stores.close()];
  try {
    const audit = startAudit(options.telemetryFile, options.log);
    opened.push(() => audit.close());
    return await assemble(options, { limits, stores, audit, opened });
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

function tellStateDamaged(log: BrokerLog, damaged: StateDamaged | null): void {
  if (damaged === null) return;
  const then = damaged.hasAccess ? '' : '; nobody can log in until the community has sent who may';
  const message = `broker.db was damaged and has been begun anew from what is sound of it${then}`;
  log.error({ code: 'broker.state-damaged', ...damaged }, message);
}

type Known = BrokerOptions & { readonly hub: HubTime };
type Base = {
  readonly limits: MqttLimits;
  readonly stores: Stores;
  readonly audit: BrokerAuditor;
  readonly opened: (() => Promise<unknown>)[];
};

async function assemble(options: Known, base: Base): Promise<Broker> {
  const { stores, opened } = base;
  const whole = connect(options, base);
  const { judgeAgain } = whole;
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
      get: stores.reads.sink,
      set: (sink, cursor) => stores.writer.call('saveSink', { name: sink, cursor }),
    },
    died: stores.died,
    [Symbol.asyncDispose]: () => closeAll(opened),
  };
}

type Whole = Access & {
  readonly options: Known;
  readonly stores: Stores;
  readonly audit: BrokerAuditor;
  readonly ingest: Ingest;
  readonly mqtt: MqttBroker;
  readonly latest: LatestMessages;
  readonly judgeAgain: () => Promise<void>;
  readonly watch: LogWatch;
};

type IngestLinks = Pick<Whole, 'mqtt' | 'misuse' | 'watch' | 'judgeAgain'> & {
  readonly tell: (marks: readonly Mark[]) => void;
};

/** What follows each commit: marks, and what edges have used up. */
function openIngest(
  options: Known,
  { limits, stores }: Pick<Base, 'limits' | 'stores'>,
  links: () => IngestLinks,
): Ingest {
  const ingest: Ingest = new Ingest({
    ...options,
    writer: stores.writer,
    head: stores.start.head,
    commitMs: options.commitMs ?? COMMIT_MS,
    onMarks: (marks) => {
      const { mqtt, tell, watch } = links();
      tell(marks);
      watch.marked(marks);
      if (ingest.pending < limits.pendingTotal) mqtt.wakeAll();
    },
    onDeferred: () => void links().judgeAgain(),
    // On credit: what it sends next has to wait for it.
    onSpread: (spread) => {
      for (const { edge, days } of spread) links().mqtt.pace(edge, 'days', days);
    },
    onOverruns: (overruns) => {
      const { mqtt, misuse } = links();
      tellOverruns(overruns, {
        misdeed: (misdeed) => void misuse.note(misdeed),
        spend: (edge, name, amount) => mqtt.spend(edge, name, amount),
      });
    },
  });
  return ingest;
}

function connect(options: Known, { limits, stores, audit }: Base): Whole {
  const { community, log, hub } = options;
  const { now } = hub;
  const ingest: Ingest = openIngest(options, { limits, stores }, () => ({ mqtt, misuse, watch, tell, judgeAgain }));
  const judgeAgain = createJudgeAgain({ writer: stores.writer, moment: hub.moment, log });
  const tell = (marks: readonly Mark[]) => tellMarks(mqtt, { community, watch }, marks);
  const watch: LogWatch = createLogWatch({ stores, ingest, log, now, tellMarks: tell });
  const access = openAccess({
    ...{ community, serviceToken: options.serviceToken, now, saved: stores.start.access },
    save: (saved) => stores.writer.call('saveAccess', saved),
    revoke: (stands) => mqtt.revoke(stands),
  });
  const { credentials, refusals, misuse } = access;
  const rules = new TopicRules(community);
  const answerTime = createTimeAnswers(hub.state, hub.monotonic);
  const latest: LatestMessages = new LatestMessages({
    publish: (topic, payload, how) => mqtt.publish(topic, payload, how),
    save: (batch) => stores.writer.call('saveLatest', batch),
    ...{ log, elapsedMs: hub.monotonic, periodMs: limits.latestMs },
  });
  const marks = createMarkTeller({ read: (edge) => stores.writer.call('marks', edge), tell });
  const mqtt: MqttBroker = new MqttBroker({
    ...{ limits, log, now, elapsedMs: hub.monotonic, budgets: { ...USER_BUDGETS, ...options.userBudgets } },
    hooks: {
      login: (login) => credentials.check(login),
      stands: access.stands,
      mayPublish: (principal, publication) => rules.publish(principal, publication),
      maySubscribe: (principal, filter) => rules.subscribe(principal, filter),
      receive: createReceiver({
        ...{ ingest, latest, now, community, watch },
        manners: () => mqtt,
        tellTime: (edge, payload) => tellTimeOf(mqtt, edgeTopic(community, edge, 'time'), answerTime(edge, payload)),
      }),
      // All of them: an outbox put back from a backup goes on in an epoch that may be long past.
      subscribed: (filter) => {
        const topic = parseEdgeTopic(filter);
        if (topic?.channel === 'mark') marks.ask(topic.edge);
      },
      refused: (refused) => refusals.note(refused),
      admitted: (user) => refusals.forget(user),
      misdeed: (misdeed) => void misuse.note(misdeed),
      isFull: () => ingest.pending >= limits.pendingTotal,
    },
  });
  return { ...access, options, stores, audit, ingest, mqtt, latest, watch, judgeAgain };
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
    queries: stores.queries,
    replaceAccess: (document) => keeper.replace(document),
    status: () => statusOf(whole),
    refusals: () => ({ nowMs: options.now(), refusals: whole.refusals.list(), misuse: whole.misuse.list() }),
  });
  // A listener has closed when its connections have: so they are ended first, and then what they said last is kept.
  opened.push(
    () => whole.latest.close(),
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

function tellTimeOf(mqtt: MqttBroker, topic: string, text: string | null): void {
  if (text !== null) mqtt.publish(topic, text, { qos: 0, retain: false });
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

async function statusOf({ options, stores, audit, ingest, keeper, mqtt, watch }: Whole): Promise<BrokerStatus> {
  const [counts, logState] = await Promise.all([stores.reads.counts(), stores.writer.call('logState', undefined)]);
  return {
    ...counts,
    log: { ...logState, fallenBehind: watch.fallenBehind() },
    community: options.community,
    nowMs: options.hub.now(),
    hubTime: options.hub.state(),
    accessVersion: keeper.version,
    accessSyncedMs: keeper.syncedMs,
    pending: ingest.pending,
    isWritable: ingest.isWritable,
    projections: options.projections?.() ?? [],
    audit: audit.verdicts(),
    clients: mqtt.clients().map(({ principal, clientId, sinceMs }) => ({
      user: principal.user,
      role: principal.role,
      clientId,
      sinceMs,
    })),
  };
}
