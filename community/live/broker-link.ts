/** The server's connection to the broker: live values and status in, signed commands out. Lost: it comes back by itself. */
import {
  CodedError,
  channelFilter,
  createDeviceLists,
  type DeviceLists,
  EdgeDevices,
  EdgeStatus,
  edgeTopic,
  LiveValues,
  MESSAGE_LIMITS,
  parseEdgeTopic,
} from '@commonworks/core';
import mqtt, { type MqttClient } from 'mqtt';
import { Value } from 'typebox/value';
import type { LiveValuesStore } from './live-values.ts';

const RECONNECT_MS = 2000;
const CONNECT_TIMEOUT_MS = 10_000;
const PUBLISH_TIMEOUT_MS = 5000;

const CHANNELS = ['live', 'status', 'devices'] as const;

export type BrokerLinkOptions = {
  /** `mqtt://host:port`. */
  readonly url: string;
  readonly community: string;
  readonly token: string;
  readonly clientId: string;
  readonly live: LiveValuesStore;
  readonly onValues: (edge: string, device: string) => void;
  readonly onStatus: (edge: string) => void;
  /** Transitions only. */
  readonly onConnection: (isConnected: boolean) => void;
};

export type BrokerLink = ReturnType<typeof openBrokerLink>;

/** Returns at once: a broker that is down is an alarm, not a reason not to serve pages. */
export function openBrokerLink(options: BrokerLinkOptions) {
  let isUp = false;
  let upSinceMs = 0;
  const lists = createDeviceLists();
  const client = mqtt.connect(options.url, {
    username: 'service',
    password: options.token,
    clientId: options.clientId,
    reconnectPeriod: RECONNECT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    queueQoSZero: false,
    resubscribe: false,
  });
  const change = (isNow: boolean) => {
    if (isUp === isNow) return;
    isUp = isNow;
    upSinceMs = performance.now();
    options.onConnection(isNow);
  };
  client.on('connect', () => {
    const topics = CHANNELS.map((channel) => channelFilter(options.community, channel));
    client.subscribe(topics, { qos: 1 }, (error) => {
      // Without a subscription nothing would arrive, silently: begin anew.
      if (error) client.reconnect();
      else change(true);
    });
  });
  client.on('close', () => change(false));
  // Every failed attempt reports here; the transition above says it once.
  client.on('error', () => change(false));
  client.on('message', (topic, payload) => receive({ ...options, lists }, topic, payload));
  return {
    isConnected: () => isUp,
    /** 0 while there is no connection. */
    connectedForMs: () => (isUp ? performance.now() - upSinceMs : 0),
    /** Resolves when the broker has it. @throws CodedError `control.broker-unreachable`. */
    async publishCommand(edge: string, text: string): Promise<void> {
      if (!isUp) throw new CodedError('control.broker-unreachable', 'the broker is not connected');
      await publish(client, edgeTopic(options.community, edge, 'cmd'), text);
    },
    async close(): Promise<void> {
      await client.endAsync(true);
    },
  };
}

async function publish(client: MqttClient, topic: string, text: string): Promise<void> {
  const timeout = AbortSignal.timeout(PUBLISH_TIMEOUT_MS);
  const late = new Promise<never>((_resolve, reject) => {
    timeout.addEventListener('abort', () => reject(new Error('no acknowledgement in time')), { once: true });
  });
  try {
    await Promise.race([client.publishAsync(topic, text, { qos: 1, retain: false }), late]);
  } catch (cause) {
    throw new CodedError('control.broker-unreachable', `not sent: ${String(cause)}`, { cause });
  }
}

function receive(options: BrokerLinkOptions & { lists: DeviceLists }, topic: string, payload: Buffer): void {
  const parsed = parseEdgeTopic(topic);
  if (parsed === null || parsed.community !== options.community || payload.length > MESSAGE_LIMITS.statusBytes) return;
  const value = parseJson(payload);
  if (parsed.channel === 'live' && Value.Check(LiveValues, value)) {
    if (options.live.take(parsed.edge, value)) options.onValues(parsed.edge, value.device);
  }
  if (parsed.channel === 'status' && Value.Check(EdgeStatus, value)) {
    options.live.takeStatus(parsed.edge, value);
    options.onStatus(parsed.edge);
  }
  if (parsed.channel === 'devices' && Value.Check(EdgeDevices, value)) {
    const list = options.lists.take(parsed.edge, value);
    if (list === null) return;
    options.live.takeDevices(parsed.edge, list);
    options.onStatus(parsed.edge);
  }
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return null;
  }
}
