/** Growing byte buffers with zigzag varints: numbers near zero take one byte. */
import { CodedError, invariant } from '@commonworks/core';

/** Zigzag doubles a value: beyond this it would leave the integers a double holds exactly. */
export const VARINT_MAX = 2 ** 52;

export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number of at most 2^52 in magnitude. */
  varint(value: number): void {
    invariant(Number.isInteger(value) && Math.abs(value) <= VARINT_MAX, 'a varint is a whole number within 2^52');
    this.#reserve(8);
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    // Bitwise operators see 32 bits only, so the upper part is divided.
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A view, valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.view());
    this.#bytes = grown;
  }
}

/** Every method throws CodedError `telemetry.chunk-corrupt` at the end of the bytes. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new CodedError('telemetry.chunk-corrupt', 'a block of readings ends too early');
    return value;
  }

  varint(): number {
    let rest = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      rest += (byte & 0x7f) * scale;
      if (byte < 0x80) return rest % 2 === 1 ? -(rest + 1) / 2 : rest / 2;
      scale *= 0x80;
    }
    throw new CodedError('telemetry.chunk-corrupt', 'a number in a block of readings is too long');
  }

  raw(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) {
      throw new CodedError('telemetry.chunk-corrupt', 'a block of readings ends too early');
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
