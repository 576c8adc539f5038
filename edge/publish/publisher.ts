/** Keeps a session with the broker, sends the outbox through it, and trims the outbox by the log's mark. */

import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CodedError,
  type EdgeStatus,
  edgeTopic,
  type LiveValues,
  type MarkMessage,
  type SignedCommand,
} from '@commonworks/core';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { Outbox } from '../outbox/outbox.ts';
import type { Pump } from './pump.ts';
import { startSession } from './session.ts';
import { createStallWatch } from './stall-watch.ts';

export type PublisherOptions = {
  readonly url: string;
  readonly community: string;
  readonly edge: string;
  readonly secret: string;
  readonly outbox: Outbox;
  readonly nowMs: () => number;
  readonly status: (state: EdgeStatus['state']) => EdgeStatus;
  readonly onCommand: (command: SignedCommand) => void;
  /** The outbox turned out to be an old copy and began a new epoch. */
  readonly onOldCopy: () => void;
  /** Connected (null), or why not; told on change only. */
  readonly onState: (fault: Error | null) => void;
  readonly signal: AbortSignal;
  /** How long acknowledged packs may wait for a mark before they are sent again. */
  readonly resendMs?: number;
};

export type Publisher = {
  readonly publishLive: (values: LiveValues) => void;
  /** Resolves after the signal, with the broker told that this edge is offline. */
  readonly done: Promise<void>;
};

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
  let client: MqttClient | null = null;
  let pump: Pump | null = null;
  const stalls = createStallWatch(options.resendMs ?? RESEND_MS, {
    isWaiting: () => pump !== null && pump.acknowledged() > 0 && outbox.backlog().packs > 0,
    resend: () => pump?.rewind(),
  });
  const onMark = async (mark: MarkMessage) => {
    const before = outbox.backlog().packs;
    const { isOldCopy, isOwn, backlog } = await outbox.call('applyMark', mark, options.nowMs());
    if (isOldCopy) {
      options.onOldCopy();
      pump?.rewind();
    }
    if (backlog.packs < before || isOldCopy) stalls.progress();
    return isOwn;
  };
  const publishStatus = () => {
    client?.publish(topics.status, JSON.stringify(options.status('online')), { qos: 1, retain: true });
  };
  const statusTimer = setInterval(publishStatus, STATUS_PERIOD_MS);
  outbox.onKept(() => pump?.wake());

  const runSession = async (opened: MqttClient) => {
    const ended = new Promise<void>((resolve) => opened.once('close', () => resolve()));
    client = opened;
    publishStatus();
    const ports = {
      read: (afterN: number, limit: { packs: number; bytes: number }) => outbox.call('read', afterN, limit),
      onMark: (mark: MarkMessage) => onMark(mark).catch(() => false),
      onCommand: options.onCommand,
    };
    const { community, edge } = options;
    pump = startSession(opened, { community, edge, ports, firstMarkMs: outbox.isNewEpoch ? 0 : FIRST_MARK_MS });
    const stop = () => void goOffline(opened, options);
    signal.addEventListener('abort', stop, { once: true });
    await ended;
    signal.removeEventListener('abort', stop);
    pump.end();
    pump = null;
    client = null;
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
    done,
  };
}

function topicsOf({ community, edge }: PublisherOptions) {
  return { live: edgeTopic(community, edge, 'live'), status: edgeTopic(community, edge, 'status') };
}

async function keepConnected(options: PublisherOptions, run: (client: MqttClient) => Promise<void>): Promise<void> {
  let restMs = REST_FIRST_MS;
  let hasFault = false;
  const fail = (cause: unknown) => {
    if (!hasFault && !options.signal.aborted) {
      const reason = cause instanceof Error ? cause.message || (cause as { code?: string }).code : String(cause);
      options.onState(new CodedError('edge.broker-unreachable', `${options.url}: ${reason}`, { cause }));
    }
    hasFault = true;
  };
  while (!options.signal.aborted) {
    try {
      const client = await connectAsync(options.url, clientOptions(options), false);
      client.on('error', () => undefined);
      // Nagle would hold each pack back until the broker's delayed acknowledgement of our last PUBACK: 40 ms.
      if (client.stream instanceof Socket) client.stream.setNoDelay(true);
      restMs = REST_FIRST_MS;
      hasFault = false;
      options.onState(null);
      await run(client);
      fail(new Error('the connection ended'));
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
      payload: Buffer.from(JSON.stringify(options.status('offline'))),
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
}

function bufferedBytes(client: MqttClient): number {
  return client.stream.writableLength ?? 0;
}
