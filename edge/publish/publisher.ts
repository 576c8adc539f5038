/** Keeps a session with the broker, sends the outbox through it, and trims the outbox by the log's mark. */

import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CodedError,
  type DeviceDescription,
  type EdgeStatus,
  edgeTopic,
  invariant,
  type LiveValues,
  type MarkMessage,
  MESSAGE_LIMITS,
  type SignedCommand,
} from '@commonworks/core';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Outbox } from '../outbox/outbox.ts';
import type { LogNews } from '../outbox/seen-log.ts';
import { connectBroker } from './connect-broker.ts';
import { deviceMessages } from './device-messages.ts';
import type { Pump } from './pump.ts';
import { startSession } from './session.ts';
import { createStallWatch } from './stall-watch.ts';
import { startTimeExchange, type TimeExchange, type TimeExchangePorts } from './time-exchange.ts';

export type PublisherOptions = {
  readonly url: string;
  readonly community: string;
  readonly edge: string;
  readonly secret: string;
  readonly outbox: Outbox;
  readonly status: (state: EdgeStatus['state']) => EdgeStatus;
  /** Everything this edge has; sent apart from the status, which stays small. */
  readonly devices: readonly DeviceDescription[];
  readonly onCommand: (command: SignedCommand) => void;
  /** The outbox turned out to be an old copy and began a new epoch. */
  readonly onOldCopy: () => void;
  /** The log is another than before, or has lost what it had. */
  readonly onLogNews?: (news: LogNews) => void;
  /** The stamp of what has to be declared when a mark comes; absent: that of what was kept last. */
  readonly stamp?: () => number;
  /** Connected (null), or why not; told when that changes. */
  readonly onState: (fault: Error | null) => void;
  readonly signal: AbortSignal;
  /** Absent in a demo, whose time needs no measuring. */
  readonly time?: TimeExchangePorts;
  /** How long acknowledged packs may wait for a mark before they are sent again. */
  readonly resendMs?: number;
};

export type Publisher = {
  readonly publishLive: (values: LiveValues) => void;
  /** Tells at once what changed, not only with the next birth. */
  readonly publishStatus: () => void;
  /** Asks the hub for its time at once; without a connection this happens when there is one. */
  readonly measureTime: () => void;
  /** Resolves after the signal, with the broker told that this edge is offline. */
  readonly done: Promise<void>;
};

/** Two agents under one id put each other out, for the broker keeps the newer connection [MQTT-3.1.4-2]. */
const TAKEN_OVER =
  'the broker ends each connection soon after it began: is another agent running under this id, or does the broker refuse what is sent?';
const SHORT_SESSION_MS = 5000;
const SHORT_SESSIONS_MAX = 3;
const REST_FIRST_MS = 500;
const REST_MAX_MS = 30_000;
const RESEND_MS = 60_000;
/** Live values are for eyes: when the wire is this full they are left out. */
const LIVE_BUFFER_BYTES_MAX = 262_144;
/** How long an outbox from an earlier life waits to hear whether it is the one the log knows, before it sends. */
const FIRST_MARK_MS = 3000;
const STATUS_PERIOD_MS = 60_000;

export function startPublisher(options: PublisherOptions): Publisher {
  const { outbox, signal } = options;
  const topics = topicsOf(options);
  const devices = deviceMessages(options, options.devices);
  let client: MqttClient | null = null;
  let pump: Pump | null = null;
  let exchange: TimeExchange | null = null;
  const stalls = createStallWatch(options.resendMs ?? RESEND_MS, {
    isWaiting: () => pump !== null && pump.acknowledged() > 0 && outbox.backlog().packs > 0,
    resend: () => pump?.rewind(),
  });
  const onMark = createMarkTaker(options, { pump: () => pump, progress: () => stalls.progress() });
  const publishStatus = () => {
    client?.publish(topics.status, JSON.stringify(options.status('online')), { qos: 1, retain: true });
  };
  const statusTimer = setInterval(publishStatus, STATUS_PERIOD_MS);
  outbox.onKept(() => pump?.wake());
  // What was saved of a damaged file may stand before what was sent last.
  outbox.onDamaged(() => pump?.rewind());

  const runSession = async (opened: MqttClient) => {
    const ended = new Promise<void>((resolve) => opened.once('close', () => resolve()));
    client = opened;
    publishStatus();
    for (const { topic, payload } of devices) opened.publish(topic, payload, { qos: 1, retain: true });
    const ports = sessionPorts(options, (mark) => onMark(mark).catch(() => false));
    const { community, edge } = options;
    pump = startSession(opened, { community, edge, ports, firstMarkMs: outbox.isNewEpoch() ? 0 : FIRST_MARK_MS });
    exchange = options.time === undefined ? null : startTimeExchange(opened, { community, edge, ports: options.time });
    const stop = () => void goOffline(opened, options);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    await ended;
    signal.removeEventListener('abort', stop);
    for (const part of [pump, exchange]) part?.end();
    [pump, exchange, client] = [null, null, null];
    opened.end(true);
  };
  const done = keepConnected(options, runSession).finally(() => {
    stalls.stop();
    clearInterval(statusTimer);
  });
  return {
    publishLive: (values) => {
      if (client === null || bufferedBytes(client) > LIVE_BUFFER_BYTES_MAX) return;
      client.publish(topics.live, JSON.stringify(values), { qos: 0 });
    },
    publishStatus,
    measureTime: () => exchange?.measure(),
    done,
  };
}

/** What a mark changes in the outbox, and what has to be sent because of it; tells whether it is of the epoch in use. */
function createMarkTaker(
  options: PublisherOptions,
  on: { readonly pump: () => Pump | null; readonly progress: () => void },
): (mark: MarkMessage) => Promise<boolean> {
  const { outbox, stamp, resendMs = RESEND_MS } = options;
  return async (mark) => {
    const before = outbox.backlog().packs;
    const context = stamp === undefined ? {} : { stampMs: stamp() };
    const outcome = await outbox.call('applyMark', mark, { patienceMs: resendMs, ...context });
    const { isOldCopy, isFallen, isWanted, isOwn, backlog, news } = outcome;
    if (isOldCopy) options.onOldCopy();
    if (news !== null) options.onLogNews?.(news);
    if (isOldCopy || isFallen) on.pump()?.rewind();
    if (isWanted) on.pump()?.sendWanted();
    if (backlog.packs < before || isOldCopy || isFallen) on.progress();
    return isOwn;
  };
}

function sessionPorts({ outbox, onCommand }: PublisherOptions, onMark: (mark: MarkMessage) => Promise<boolean>) {
  const read = (afterN: number, limit: { packs: number; bytes: number }) => outbox.call('read', afterN, limit);
  const readWanted = (limit: { packs: number; bytes: number }) => outbox.call('readWanted', limit);
  return { read, readWanted, onMark, onCommand };
}

function topicsOf({ community, edge }: PublisherOptions) {
  return { live: edgeTopic(community, edge, 'live'), status: edgeTopic(community, edge, 'status') };
}

async function keepConnected(options: PublisherOptions, run: (client: MqttClient) => Promise<void>): Promise<void> {
  let restMs = REST_FIRST_MS;
  let told: string | null = null;
  let shortSessions = 0;
  const fail = (cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // Another reason is news: the broker may be there again, and refuse the secret.
    if (reason === told || options.signal.aborted) return;
    told = reason;
    options.onState(new CodedError('edge.broker-unreachable', `${options.url}: ${reason}`, { cause }));
  };
  while (!options.signal.aborted) {
    try {
      const client = await connectBroker(options.url, clientOptions(options), options.signal);
      // Nagle would hold each pack back until the broker's delayed acknowledgement of our last PUBACK: 40 ms.
      if (client.stream instanceof Socket) client.stream.setNoDelay(true);
      // Sessions that end at once are no success to tell of again and again.
      if (shortSessions < SHORT_SESSIONS_MAX) {
        told = null;
        options.onState(null);
      }
      const openedMs = performance.now();
      await run(client);
      shortSessions = performance.now() - openedMs < SHORT_SESSION_MS ? shortSessions + 1 : 0;
      if (shortSessions < SHORT_SESSIONS_MAX) restMs = REST_FIRST_MS;
      fail(new Error(shortSessions < SHORT_SESSIONS_MAX ? 'the connection ended' : TAKEN_OVER));
    } catch (error) {
      fail(error);
    }
    await sleep(restMs * (0.5 + Math.random() / 2), undefined, { signal: options.signal }).catch(() => undefined);
    restMs = Math.min(restMs * 2, REST_MAX_MS);
  }
}

/**
 * A fresh client for each connection and a clean session: what has to be sent again is the outbox's affair, so
 * nothing may be remembered by the client or the broker. Keep-alive 30 s: a dead agent shows within 45 s.
 */
function clientOptions(options: PublisherOptions): IClientOptions {
  const will = Buffer.from(JSON.stringify(options.status('offline')));
  invariant(will.length <= MESSAGE_LIMITS.willBytes, 'a status fits into a last will');
  return {
    clientId: options.edge,
    username: options.edge,
    password: options.secret,
    clean: true,
    keepalive: 30,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    queueQoSZero: false,
    protocolVersion: 4,
    will: {
      topic: edgeTopic(options.community, options.edge, 'status'),
      payload: will,
      qos: 1,
      retain: true,
    },
  };
}

/** Says goodbye: after a clean disconnect the broker does not send the will. */
async function goOffline(client: MqttClient, options: PublisherOptions): Promise<void> {
  const topic = edgeTopic(options.community, options.edge, 'status');
  const farewell = client.publishAsync(topic, JSON.stringify(options.status('offline')), { qos: 1, retain: true });
  await Promise.race([farewell.catch(() => undefined), sleep(1000)]);
  await Promise.race([client.endAsync().catch(() => undefined), sleep(1000)]);
  client.end(true);
  // A broker that hangs would let an orderly end wait for ever.
  client.stream.destroy();
}

function bufferedBytes(client: MqttClient): number {
  return client.stream.writableLength ?? 0;
}
