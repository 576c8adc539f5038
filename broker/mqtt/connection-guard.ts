/** Stands between a socket and aedes: oversized packets, floods and slow readers end here. */
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '@commonworks/core';
import { FrameScanner } from './frame-scanner.ts';
import type { MqttLimits } from './limits.ts';

export type GuardOptions = {
  readonly limits: MqttLimits;
  readonly isLoggedIn: () => boolean;
  /** True while the whole broker takes no more. */
  readonly isFull: () => boolean;
  /** The connection is being cut, and why. */
  readonly onCut: (code: ErrorCode, reason: string) => void;
};

const FIRST_BYTES = 256;

export class ConnectionGuard {
  readonly #conn: Duplex;
  readonly #options: GuardOptions;
  readonly #frames = new FrameScanner();
  /** Enough for the names in a CONNECT. */
  #firstBytes: Buffer = Buffer.alloc(0);
  #pending = 0;
  #isWanted = false;
  #slowTimer: NodeJS.Timeout | null = null;

  /** Install before aedes sees the connection: it reads through `conn.read`. */
  constructor(conn: Duplex, options: GuardOptions) {
    this.#conn = conn;
    this.#options = options;
    const read = conn.read.bind(conn);
    conn.read = (size?: number) => (this.#isHeld() ? this.#postpone() : this.#check(read(size)));
    conn.on('drain', () => this.wake());
    conn.on('close', () => this.#endSlow());
  }

  /** One more message of this client waits for the disk. */
  begin(): void {
    this.#pending += 1;
  }

  end(): void {
    this.#pending -= 1;
    if (this.#pending <= this.#options.limits.pendingPerClient / 2) this.wake();
  }

  /** Lets aedes read again what it was denied. */
  wake(): void {
    if (!this.#isWanted || this.#conn.destroyed || this.#isHeld()) return;
    this.#isWanted = false;
    this.#conn.emit('readable');
  }

  /** What came first on this connection. */
  get firstBytes(): Buffer {
    return this.#firstBytes;
  }

  /** Whether too much is unsent; a client that stays so is cut. */
  isCongested(): boolean {
    const { limits } = this.#options;
    if (this.#conn.writableLength <= limits.unsentBytes) {
      this.#endSlow();
      return false;
    }
    this.#slowTimer ??= setTimeout(() => {
      this.#slowTimer = null;
      if (this.#conn.writableLength > limits.unsentBytes) this.cut('broker.client-too-slow', 'it does not read');
    }, limits.slowMs).unref();
    return true;
  }

  cut(code: ErrorCode, reason: string): void {
    if (this.#conn.destroyed) return;
    this.#options.onCut(code, reason);
    this.#conn.destroy();
  }

  #isHeld(): boolean {
    const { limits, isFull } = this.#options;
    return this.#pending >= limits.pendingPerClient || isFull() || this.isCongested();
  }

  #postpone(): null {
    this.#isWanted = true;
    return null;
  }

  #check(chunk: Buffer | null): Buffer | null {
    if (chunk === null) return null;
    if (this.#firstBytes.length < FIRST_BYTES) {
      this.#firstBytes = Buffer.concat([this.#firstBytes, chunk.subarray(0, FIRST_BYTES)]);
    }
    const { limits, isLoggedIn } = this.#options;
    const limit = isLoggedIn() ? limits.packetBytes : limits.packetBeforeLoginBytes;
    const fault = this.#frames.scan(chunk, limit);
    if (fault === null) return chunk;
    if (fault === 'too-large') this.cut('broker.packet-too-large', `a packet of more than ${limit} bytes`);
    else this.cut('broker.packet-malformed', 'a length of more than four bytes [MQTT-2.2.3]');
    return null;
  }

  #endSlow(): void {
    if (this.#slowTimer !== null) clearTimeout(this.#slowTimer);
    this.#slowTimer = null;
  }
}
