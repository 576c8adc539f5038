/** Statuses and device lists: of each topic only the newest counts. A flood of them is told on, and saved, twice a second. */
import type { BrokerLog } from './broker-log.ts';
import type { SavedDevices, SavedStatus } from './broker-tables.ts';

export type LatestMessage = {
  readonly topic: string;
  readonly payload: string;
  readonly isRetained: boolean;
  /** What of it survives a restart. */
  readonly saved: { readonly status: SavedStatus } | { readonly devices: SavedDevices };
};

export type LatestBatch = { readonly statuses: SavedStatus[]; readonly devices: SavedDevices[] };

export type LatestPorts = {
  readonly publish: (topic: string, payload: string, options: { qos: 1; retain: boolean }) => void;
  /** One at a time. */
  readonly save: (batch: LatestBatch) => Promise<void>;
  readonly log: BrokerLog;
  readonly elapsedMs: () => number;
  readonly periodMs: number;
};

/** One transaction takes at most this many. */
const BATCH_MAX = 500;

export class LatestMessages {
  readonly #ports: LatestPorts;
  /** When a topic was last told on, for those within the period. */
  readonly #toldMs = new Map<string, number>();
  readonly #waiting = new Map<string, LatestMessage>();
  readonly #unsaved = new Map<string, LatestMessage>();
  #timer: NodeJS.Timeout | null = null;
  #saving: Promise<void> | null = null;
  #savedMs = Number.NEGATIVE_INFINITY;

  constructor(ports: LatestPorts) {
    this.#ports = ports;
  }

  /** How many wait to be told on, and to be saved: never more than there are topics. */
  get depth(): { readonly waiting: number; readonly unsaved: number } {
    return { waiting: this.#waiting.size, unsaved: this.#unsaved.size };
  }

  /** The first of a topic goes on at once; those that follow too soon replace each other. */
  take(message: LatestMessage): void {
    this.#unsaved.set(message.topic, message);
    const toldMs = this.#toldMs.get(message.topic) ?? Number.NEGATIVE_INFINITY;
    if (this.#ports.elapsedMs() - toldMs >= this.#ports.periodMs) this.#tell(message);
    else this.#waiting.set(message.topic, message);
    this.#timer ??= setTimeout(() => this.#turn(), this.#ports.periodMs);
    if (this.#ports.elapsedMs() - this.#savedMs >= this.#ports.periodMs) this.#save();
  }

  /** Everything that was taken is told on and on disk. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const message of this.#waiting.values()) this.#tell(message);
    this.#waiting.clear();
    for (let tries = 0; this.#unsaved.size > 0 && tries < 3; tries++) {
      this.#save();
      await this.#saving;
    }
  }

  #turn(): void {
    this.#timer = null;
    const nowMs = this.#ports.elapsedMs();
    for (const [topic, toldMs] of this.#toldMs) {
      if (nowMs - toldMs < this.#ports.periodMs) continue;
      this.#toldMs.delete(topic);
      const message = this.#waiting.get(topic);
      this.#waiting.delete(topic);
      if (message !== undefined) this.#tell(message);
    }
    this.#save();
    if (this.#toldMs.size + this.#unsaved.size > 0) this.#timer = setTimeout(() => this.#turn(), this.#ports.periodMs);
  }

  #tell({ topic, payload, isRetained }: LatestMessage): void {
    this.#toldMs.set(topic, this.#ports.elapsedMs());
    this.#ports.publish(topic, payload, { qos: 1, retain: isRetained });
  }

  #save(): void {
    if (this.#saving !== null || this.#unsaved.size === 0) return;
    const some = [...this.#unsaved].slice(0, BATCH_MAX);
    for (const [topic] of some) this.#unsaved.delete(topic);
    const batch: LatestBatch = { statuses: [], devices: [] };
    for (const [, { saved }] of some) {
      if ('status' in saved) batch.statuses.push(saved.status);
      else batch.devices.push(saved.devices);
    }
    this.#savedMs = this.#ports.elapsedMs();
    this.#saving = this.#ports
      .save(batch)
      .catch((error: unknown) => {
        // Tried again with the next, unless something newer came.
        for (const [topic, message] of some) if (!this.#unsaved.has(topic)) this.#unsaved.set(topic, message);
        this.#ports.log.warn({ code: 'broker.commit-failed', err: String(error) }, 'statuses could not be saved');
      })
      .finally(() => {
        this.#saving = null;
      });
  }
}
