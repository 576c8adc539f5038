/** Reads the fixed headers of an MQTT byte stream and stops a packet by its declared length, before its body arrives. */

export type FrameFault = 'too-large' | 'malformed';

/** MQTT 3.1.1 section 2.2.3: the remaining length has at most four bytes. */
const LENGTH_BYTES_MAX = 4;

export class FrameScanner {
  #bodyLeft = 0;
  #headerBytes = 0;
  #length = 0;

  /** Takes the next bytes; `limit` is the largest remaining length allowed now. */
  scan(bytes: Uint8Array, limit: number): FrameFault | null {
    let at = 0;
    while (at < bytes.length) {
      if (this.#bodyLeft > 0) {
        const skipped = Math.min(this.#bodyLeft, bytes.length - at);
        this.#bodyLeft -= skipped;
        at += skipped;
        continue;
      }
      const fault = this.#header(bytes[at++] ?? 0, limit);
      if (fault !== null) return fault;
    }
    return null;
  }

  #header(byte: number, limit: number): FrameFault | null {
    if (this.#headerBytes === 0) {
      this.#headerBytes = 1;
      this.#length = 0;
      return null;
    }
    this.#length += (byte & 0x7f) * 128 ** (this.#headerBytes - 1);
    if (byte & 0x80) return ++this.#headerBytes > LENGTH_BYTES_MAX ? 'malformed' : null;
    if (this.#length > limit) return 'too-large';
    this.#bodyLeft = this.#length;
    this.#headerBytes = 0;
    return null;
  }
}
