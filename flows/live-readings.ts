/** The live lane for flows: one MQTT connection, shared by all nodes that want readings. */
import type { Clock, Quality, Result } from '@commonworks/core';
import {
  accept,
  channelFilter,
  type DeviceDescription,
  EdgeDevices,
  EdgeStatus,
  LiveValues,
  parseEdgeTopic,
  refuse,
} from '@commonworks/core';
import { connect, type MqttClient } from 'mqtt';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';

export type Reading = {
  readonly edge: string;
  readonly device: string;
  readonly point: string;
  readonly value: number | string | null;
  readonly quality: Quality;
  readonly timeMs: number;
  /** Age when it arrived, by the community's clock. */
  readonly ageMs: number;
};

export type ReadingFilter = { readonly edge?: string; readonly device: string; readonly point: string };
export type LinkState = 'connected' | 'disconnected';

export type LiveReadingsOptions = {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly clientId: string;
  readonly community: string;
  readonly now: Clock;
};

const PAYLOAD_BYTES_MAX = 262_144;
const DEVICES_MAX = 10_000;
const RECONNECT_MS = 2000;

export class LiveReadings {
  readonly #client: MqttClient;
  readonly #options: LiveReadingsOptions;
  readonly #readers = new Map<symbol, { filter: ReadingFilter; take: (reading: Reading) => void }>();
  readonly #watchers = new Map<symbol, (state: LinkState) => void>();
  /** Which edges have a device of this name. */
  readonly #edges = new Map<string, Set<string>>();
  #state: LinkState = 'disconnected';

  constructor(options: LiveReadingsOptions) {
    this.#options = options;
    const { url, user, password, clientId, community } = options;
    this.#client = connect(url, {
      username: user,
      password,
      clientId,
      protocolVersion: 4,
      clean: true,
      reconnectPeriod: RECONNECT_MS,
    });
    this.#client.on('connect', () => {
      const channels = ['live', 'status', 'devices'] as const;
      this.#client.subscribe(
        channels.map((channel) => channelFilter(community, channel)),
        { qos: 0 },
      );
      this.#tell('connected');
    });
    this.#client.on('close', () => this.#tell('disconnected'));
    // The client tries again by itself; what is wrong shows in the nodes' states.
    this.#client.on('error', () => undefined);
    this.#client.on('message', (topic, payload) => this.#read(topic, payload));
  }

  /** Called with every reading that matches from now on; returns what ends it. */
  subscribe(filter: ReadingFilter, take: (reading: Reading) => void): () => void {
    const id = Symbol();
    this.#readers.set(id, { filter, take });
    return () => void this.#readers.delete(id);
  }

  /** Called at once and with every change. */
  watch(tell: (state: LinkState) => void): () => void {
    const id = Symbol();
    this.#watchers.set(id, tell);
    tell(this.#state);
    return () => void this.#watchers.delete(id);
  }

  /** The one edge that has this device. */
  edgeOf(device: string): Result<string> {
    const edges = [...(this.#edges.get(device) ?? [])];
    const [edge] = edges;
    if (edge === undefined) return refuse('flows.device-unknown', `no edge has spoken of a device ${device} yet`);
    if (edges.length > 1) {
      return refuse('flows.device-ambiguous', `${edges.length} edges have a device ${device}: ${edges.join(', ')}`);
    }
    return accept(edge);
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }

  #tell(state: LinkState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const tell of this.#watchers.values()) tell(state);
  }

  #read(topic: string, payload: Buffer): void {
    const parts = parseEdgeTopic(topic);
    if (parts === null || payload.length > PAYLOAD_BYTES_MAX) return;
    if (parts.channel === 'status') {
      this.#learnAll(parseJson(payload, EdgeStatus)?.devices ?? [], parts.edge);
    } else if (parts.channel === 'devices') {
      // A name is a name on whatever page it stands: nothing here needs the list whole.
      this.#learnAll(parseJson(payload, EdgeDevices)?.devices ?? [], parts.edge);
    } else if (parts.channel === 'live') {
      const live = parseJson(payload, LiveValues);
      if (live !== null) this.#hand(parts.edge, live);
    }
  }

  #hand(edge: string, { device, timeMs, values }: LiveValues): void {
    this.#learn(device, edge);
    const ageMs = Math.max(0, this.#options.now() - timeMs);
    for (const { filter, take } of this.#readers.values()) {
      const found = Object.hasOwn(values, filter.point) ? values[filter.point] : undefined;
      if (found === undefined || filter.device !== device || (filter.edge ?? edge) !== edge) continue;
      take({ edge, device, point: filter.point, ...found, timeMs, ageMs });
    }
  }

  #learnAll(devices: readonly DeviceDescription[], edge: string): void {
    for (const { device } of devices) this.#learn(device, edge);
  }

  #learn(device: string, edge: string): void {
    const known = this.#edges.get(device);
    if (known !== undefined) known.add(edge);
    else if (this.#edges.size < DEVICES_MAX) this.#edges.set(device, new Set([edge]));
  }
}

/** Null for anything that is not of the shape: the live lane is for eyes, and says so again in a second. */
function parseJson<T extends TSchema>(payload: Buffer, schema: T) {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    return Value.Check(schema, value) ? value : null;
  } catch {
    return null;
  }
}
