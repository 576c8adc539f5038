/**
 * Stands between a socket and aedes: oversized packets and slow readers end here, and a flood waits here. One connection
 * hands over a few packets, then all the others have their turn; what waits stays in its socket, so its sender waits too.
 */
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '@commonworks/core';
import { type FrameFault, FrameScanner } from './frame-scanner.ts';
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
const PIECE_BYTES = 16_384;

const FAULT_WORDS: Readonly<Record<Exclude<FrameFault, 'too-large'>, string>> = {
  malformed: 'a length of more than four bytes [MQTT-2.2.3]',
  length: 'a confirmation, PINGREQ or DISCONNECT of another length than its kind has',
  'server-packet': 'a kind of packet that only a server sends',
};

export class ConnectionGuard {
  readonly #conn: Duplex;
  readonly #options: GuardOptions;
  readonly #frames = new FrameScanner();
  readonly #read: (size?: number) => Buffer | null;
  /** Enough for the names in a CONNECT. */
  #firstBytes: Buffer = Buffer.alloc(0);
  #pending = 0;
  #isWanted = false;
  #isCut = false;
  #slowTimer: NodeJS.Timeout | null = null;
  /** What this turn still has; null: no turn has begun. */
  #turn: { packets: number; bytes: number } | null = null;

  /** Install before aedes sees the connection: it reads through `conn.read`. */
  constructor(conn: Duplex, options: GuardOptions) {
    this.#conn = conn;
    this.#options = options;
    this.#read = conn.read.bind(conn);
    conn.read = (size?: number) => {
      // The stream itself asks for nothing to have its buffer filled: given something, it would drop it.
      if (size === 0) return this.#read(0);
      return this.#isHeld() ? this.#postpone() : this.#take();
    };
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

  get pending(): number {
    return this.#pending;
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

  get isCut(): boolean {
    return this.#isCut;
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
    if (this.#conn.destroyed || this.#isCut) return;
    this.#isCut = true;
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

  #take(): Buffer | null {
    const turn = this.#currentTurn();
    if (turn.packets <= 0 || turn.bytes <= 0) return this.#postpone();
    // A piece at a time: what is not asked for stays in the socket's buffer, and when that is full its sender has to wait.
    const waiting = this.#conn.readableLength;
    const chunk = waiting === 0 ? this.#read() : this.#read(Math.min(waiting, turn.bytes, PIECE_BYTES));
    if (chunk === null || this.#isCut) return null;
    if (this.#firstBytes.length < FIRST_BYTES) {
      this.#firstBytes = Buffer.concat([this.#firstBytes, chunk.subarray(0, FIRST_BYTES)]);
    }
    const { limits, isLoggedIn } = this.#options;
    const bodyBytesMax = isLoggedIn() ? limits.packetBytes : limits.packetBeforeLoginBytes;
    const { fault, end, packets } = this.#frames.scan(chunk, { bodyBytesMax, packetsMax: turn.packets });
    if (fault === 'too-large') this.cut('broker.packet-too-large', `a packet of more than ${bodyBytesMax} bytes`);
    else if (fault !== null) this.cut('broker.packet-malformed', FAULT_WORDS[fault]);
    if (fault !== null) return null;
    turn.packets -= packets;
    turn.bytes -= end;
    // Back to the others: so the end of the stream comes after what stands before it.
    if (end < chunk.length) this.#conn.unshift(chunk.subarray(end));
    if (this.#conn.readableLength > 0) this.#isWanted = true;
    return end === 0 ? null : chunk.subarray(0, end);
  }

  #currentTurn(): { packets: number; bytes: number } {
    if (this.#turn !== null) return this.#turn;
    const turn = { packets: this.#options.limits.turnPackets, bytes: this.#options.limits.turnBytes };
    this.#turn = turn;
    setImmediate(() => {
      this.#turn = null;
      this.wake();
    });
    return turn;
  }

  #endSlow(): void {
    if (this.#slowTimer !== null) clearTimeout(this.#slowTimer);
    this.#slowTimer = null;
  }
}
