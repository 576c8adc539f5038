/** A broker on a folder that outlives it, so that a test can change its files in between; and an edge that sends packs. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventRecord, encodePack, type MarkMessage, type PackKey } from '@commonworks/core';
import { hashSecret } from '../../broker/access/secret-hash.ts';
import { type Broker, openBroker } from '../../broker/broker.ts';
import { type LogLine, SECRET, SERVICE_TOKEN } from './broker-under-test.ts';
import { RawMqtt } from './raw-mqtt.ts';

const secretHash = await hashSecret(SECRET);

export class BrokerFolder {
  readonly dir = mkdtempSync(join(tmpdir(), 'commonworks-log-'));
  readonly community = randomUUID();
  readonly edges: readonly string[];
  readonly lines: LogLine[] = [];
  broker: Broker | null = null;

  constructor(edges = 1) {
    this.edges = Array.from({ length: edges }, () => randomUUID());
  }

  get url(): string {
    return `http://127.0.0.1:${this.broker?.addresses.logPort}`;
  }

  get telemetryFile(): string {
    return join(this.dir, 'telemetry.db');
  }

  async start(): Promise<void> {
    const keep = (level: string) => (fields: object, message: string) => {
      this.lines.push({ level, message, code: (fields as { code?: unknown }).code });
    };
    this.broker = await openBroker({
      ...{ community: this.community, serviceToken: SERVICE_TOKEN, now: Date.now },
      ...{ telemetryFile: this.telemetryFile, brokerFile: join(this.dir, 'broker.db') },
      listen: { host: '127.0.0.1', mqttPort: 0, mqttWsPort: 0, logPort: 0 },
      log: { info: keep('info'), warn: keep('warn'), error: keep('error') },
    });
    const principals = this.edges.map((user) => ({ user, role: 'edge', secretHash, enabled: true }));
    const body = JSON.stringify({ version: 1, community: this.community, principals });
    const headers = { authorization: `Bearer ${SERVICE_TOKEN}`, 'content-type': 'application/json' };
    await fetch(`${this.url}/access`, { method: 'PUT', headers, body });
  }

  async stop(): Promise<void> {
    await this.broker?.[Symbol.asyncDispose]();
    this.broker = null;
  }

  async ask<T>(path: string): Promise<{ status: number; body: T }> {
    const response = await fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${SERVICE_TOKEN}` } });
    return { status: response.status, body: (await response.json()) as T };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const BOOT = randomUUID();
const T0 = Date.now() - 3_600_000;

/** The bytes of a pack are the same whenever it is sent. */
export function packBody({ edge, epoch, seq }: PackKey, events: EventRecord[] = []): string {
  const sample = { device: 'meter', point: 'importedWh', timeMs: T0 + seq, value: seq / 8, quality: 'good' } as const;
  return encodePack({ edge, epoch, seq, boot: BOOT, samples: [sample], events });
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A connection of an edge: what it publishes, and the marks it is told. */
export class EdgeLine {
  readonly #client: RawMqtt;
  readonly #folder: BrokerFolder;
  readonly edge: string;
  #lastId = 0;

  private constructor(client: RawMqtt, folder: BrokerFolder, edge: string) {
    this.#client = client;
    this.#folder = folder;
    this.edge = edge;
  }

  static async open(folder: BrokerFolder, edge = folder.edges[0] ?? ''): Promise<EdgeLine> {
    const login = { clientId: edge, username: edge, password: Buffer.from(SECRET) };
    const client = await RawMqtt.login(folder.broker?.addresses.mqttPort ?? 0, login);
    const line = new EdgeLine(client, folder, edge);
    const topic = `${folder.community}/${edge}/mark`;
    client.send({ cmd: 'subscribe', messageId: line.#nextId(), subscriptions: [{ topic, qos: 1 }] });
    await client.until(() => client.packets.some(({ cmd }) => cmd === 'suback'));
    return line;
  }

  /** Resolves when all are acknowledged. */
  async send(epoch: string, seqs: readonly number[], body: (key: PackKey) => string = (key) => packBody(key)) {
    for (let i = 0; i < seqs.length; i += 40) {
      const ids = seqs.slice(i, i + 40).map((seq) => this.#publish('data', body({ edge: this.edge, epoch, seq })));
      const acked = () => this.#client.packets.filter(({ cmd }) => cmd === 'puback').map(({ messageId }) => messageId);
      await this.#client.until(() => ids.every((id) => acked().includes(id)) || this.#client.isClosed);
    }
  }

  status(held: { log: string; generation: number; epoch: string; seq: number }): void {
    const status = { state: 'online', sinceMs: 0, boot: BOOT, version: 'test', backlog: 0, held };
    this.#publish('status', JSON.stringify(status));
  }

  get marks(): MarkMessage[] {
    return this.#client.packets.flatMap((packet) =>
      packet.cmd === 'publish' ? [JSON.parse(String(packet.payload)) as MarkMessage] : [],
    );
  }

  async until(isSo: () => boolean): Promise<void> {
    await this.#client.until(isSo);
  }

  close(): void {
    this.#client.socket.destroy();
  }

  #publish(channel: string, payload: string): number {
    const messageId = this.#nextId();
    const topic = `${this.#folder.community}/${this.edge}/${channel}`;
    this.#client.send({ cmd: 'publish', topic, payload, qos: 1, messageId, dup: false, retain: false });
    return messageId;
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}
