/** Edges that publish packs at full speed and remember every acknowledgement; they resend what was not acknowledged. */
import { createHash, randomUUID } from 'node:crypto';
import { edgeTopic, encodePack, type MarkMessage } from '@commonworks/core';
import type { BrokerSite } from '../peers/broker-process.ts';
import { RawMqtt } from './raw-mqtt.ts';

/** Of a site only its community is needed: it begins the topics. */
type LoadedSite = Pick<BrokerSite, 'config'>;

const IN_FLIGHT_MAX = 48;

export class LoadEdge {
  readonly id: string;
  readonly epoch = randomUUID();
  readonly secret: string;
  /** Hash of every pack that was acknowledged, by sequence number. */
  readonly acked = new Map<number, string>();
  /** The highest mark of this epoch that the broker told, and those that fell behind one told before. */
  readonly marks = { highest: 0, fallen: [] as number[] };
  /** Bytes of every pack ever sent: they never change. */
  readonly #bodies = new Map<number, string>();
  readonly #boot = randomUUID();
  /** Readings are a millisecond apart, in the past, so that no two share their time. */
  readonly #beganMs = Date.now() - 3_600_000;
  #lowest = 1;

  constructor(secret: string, id: string = randomUUID()) {
    this.secret = secret;
    this.id = id;
  }

  /** Everything is to be sent again, as when the marks fell back. */
  forgetMarks(): void {
    this.acked.clear();
    this.#lowest = 1;
  }

  /** Publishes until the connection ends or `stop` aborts; resolves then. */
  async run(site: LoadedSite, broker: { readonly mqttPort: number }, stop: AbortSignal): Promise<void> {
    const login = { clientId: this.id, username: this.id, password: Buffer.from(this.secret) };
    const client = await RawMqtt.login(broker.mqttPort, login);
    const topic = edgeTopic(site.config.community.id, this.id, 'mark');
    if (!client.isClosed) client.send({ cmd: 'subscribe', messageId: 60_001, subscriptions: [{ topic, qos: 0 }] });
    const waiting = new Map<number, number>();
    let next = this.#lowest;
    let seen = 0;
    while (!client.isClosed && !stop.aborted) {
      while (waiting.size < IN_FLIGHT_MAX) {
        const messageId = (next % 60_000) + 1;
        waiting.set(messageId, next);
        this.#send(client, site, { seq: next, messageId });
        next += 1;
      }
      const before = seen;
      await client.until(() => client.packets.length > before || client.isClosed || stop.aborted);
      for (; seen < client.packets.length; seen++) {
        const packet = client.packets[seen];
        if (packet?.cmd === 'publish') this.#noteMark(packet.payload);
        if (packet?.cmd !== 'puback') continue;
        const seq = waiting.get(packet.messageId ?? 0) ?? 0;
        waiting.delete(packet.messageId ?? 0);
        this.acked.set(seq, this.#hash(seq));
      }
    }
    while (this.acked.has(this.#lowest)) this.#lowest += 1;
    client.socket.destroy();
  }

  #noteMark(payload: string | Buffer): void {
    const { epoch, seq } = JSON.parse(payload.toString()) as MarkMessage;
    if (epoch !== this.epoch) return;
    if (seq < this.marks.highest) this.marks.fallen.push(seq);
    this.marks.highest = Math.max(this.marks.highest, seq);
  }

  #send(client: RawMqtt, site: LoadedSite, { seq, messageId }: { seq: number; messageId: number }): void {
    if (client.isClosed) return;
    const topic = `${site.config.community.id}/${this.id}/data`;
    client.send({ cmd: 'publish', topic, payload: this.#body(seq), qos: 1, messageId, dup: false, retain: false });
  }

  #body(seq: number): string {
    const known = this.#bodies.get(seq);
    if (known !== undefined) return known;
    const timeMs = this.#beganMs + seq;
    const body = encodePack({
      ...{ edge: this.id, epoch: this.epoch, seq, boot: this.#boot },
      samples: [{ device: 'meter', point: 'importedWh', timeMs, value: seq / 8, quality: 'good' }],
      events: [],
    });
    this.#bodies.set(seq, body);
    return body;
  }

  #hash(seq: number): string {
    return createHash('sha256').update(this.#body(seq)).digest('hex');
  }
}
