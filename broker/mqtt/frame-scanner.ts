/** Reads the fixed headers of an MQTT byte stream: stops a packet by its declared length before its body arrives, and counts packets. */

export type FrameFault = 'too-large' | 'malformed' | 'length' | 'server-packet';

export type ScanLimits = {
  /** The largest remaining length allowed now. */
  readonly bodyBytesMax: number;
  /** Packets taken from this piece at most. */
  readonly packetsMax: number;
};

/** `end`: how many of the bytes were looked at; more than the packets allowed stay for another turn. */
export type Scan = { readonly fault: FrameFault | null; readonly end: number; readonly packets: number };

/** MQTT 3.1.1 section 2.2.3: the remaining length has at most four bytes. */
const LENGTH_BYTES_MAX = 4;
/** What only a server sends: CONNACK, SUBACK, UNSUBACK, PINGRESP; 0 and 15 are reserved [MQTT-2.2.1]. */
const NOT_FROM_CLIENTS = new Set([0, 2, 9, 11, 13, 15]);
/** PUBACK, PUBREC, PUBREL and PUBCOMP hold a packet identifier and nothing else; PINGREQ and DISCONNECT nothing. */
const BODY_BYTES: Readonly<Record<number, number>> = { 4: 2, 5: 2, 6: 2, 7: 2, 12: 0, 14: 0 };

export class FrameScanner {
  #bodyLeft = 0;
  #headerBytes = 0;
  #length = 0;
  #type = 0;

  scan(bytes: Uint8Array, { bodyBytesMax, packetsMax }: ScanLimits): Scan {
    let [at, packets] = [0, 0];
    while (at < bytes.length) {
      if (this.#bodyLeft > 0) {
        const skipped = Math.min(this.#bodyLeft, bytes.length - at);
        this.#bodyLeft -= skipped;
        at += skipped;
        continue;
      }
      if (this.#headerBytes === 0 && packets >= packetsMax) break;
      if (this.#headerBytes === 0) packets += 1;
      const fault = this.#header(bytes[at++] ?? 0, bodyBytesMax);
      if (fault !== null) return { fault, end: at, packets };
    }
    return { fault: null, end: at, packets };
  }

  #header(byte: number, bodyBytesMax: number): FrameFault | null {
    if (this.#headerBytes === 0) {
      this.#headerBytes = 1;
      this.#length = 0;
      this.#type = byte >> 4;
      return NOT_FROM_CLIENTS.has(this.#type) ? 'server-packet' : null;
    }
    this.#length += (byte & 0x7f) * 128 ** (this.#headerBytes - 1);
    if (byte & 0x80) return ++this.#headerBytes > LENGTH_BYTES_MAX ? 'malformed' : null;
    if (this.#length > bodyBytesMax) return 'too-large';
    const length = BODY_BYTES[this.#type];
    if (length !== undefined && this.#length !== length) return 'length';
    this.#bodyLeft = this.#length;
    this.#headerBytes = 0;
    return null;
  }
}
