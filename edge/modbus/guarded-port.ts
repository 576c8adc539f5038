/** The port under modbus-serial's client: only the reply to the request under way ever reaches it. */
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { type Expected, expectedReply, type Framing } from './framing.ts';

/**
 * modbus-serial keeps the transactions of timed-out requests and gives a late reply to whoever has their number next
 * (yaacov/node-modbus-serial issue 573). Here a number is not reused, and what is not the reply of the request under
 * way is dropped before the client sees it. docs/adr/0040-modbus-client.md tells why this and not another client.
 */
export class GuardedPort extends EventEmitter {
  isOpen = true;
  /** When bytes last came, in monotonic milliseconds. */
  lastByteMs = 0;
  readonly #stream: Duplex;
  readonly #framing: Framing;
  #expected: Expected | null = null;

  constructor(stream: Duplex, framing: Framing) {
    super();
    this.#stream = stream;
    this.#framing = framing;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => {
      this.isOpen = false;
      this.emit('close');
    });
  }

  open(callback: (error?: Error) => void): void {
    callback();
  }

  close(callback?: () => void): void {
    this.isOpen = false;
    this.#stream.destroy();
    callback?.();
  }

  write(frame: Buffer): void {
    this.#framing.reset();
    this.#expected = expectedReply(frame);
    this.#stream.write(this.#framing.wrap(frame));
  }

  /** The request under way is given up: its reply is a stray from now on. */
  abandon(): void {
    this.#expected = null;
  }

  foreignUnit(): number | null {
    return this.#framing.foreignUnit();
  }

  strayCount(): number {
    return this.#framing.strayCount();
  }

  #receive(chunk: Buffer): void {
    this.lastByteMs = performance.now();
    try {
      const reply = this.#framing.receive(chunk, this.#expected);
      if (reply === null) return;
      this.#expected = null;
      this.emit('data', reply);
    } catch {
      this.#stream.destroy();
    }
  }
}
