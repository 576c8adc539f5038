/** What a request expects as its reply, and the port between Modbus frames and a wire's bytes. */

/** The reply a request can have: this unit and function, with `replyBytes` in its RTU form, CRC included. */
export type Expected = { readonly unit: number; readonly code: number; readonly replyBytes: number };

/** One kind of wire. Frames are in RTU form: unit, function, data, CRC. At most one request is under way. */
export type Framing = {
  /** The bytes to send for a request. */
  readonly wrap: (frame: Buffer) => Buffer;
  /**
   * Bytes as they come; returns the reply of `expected`, or null while it is not there.
   * Anything that is not this reply is dropped and counted.
   * @throws Error when the stream cannot be read any further and must be opened anew.
   */
  readonly receive: (chunk: Buffer, expected: Expected | null) => Buffer | null;
  /** Forgets what came so far, before a new request. */
  readonly reset: () => void;
  /** The unit of a whole reply that came instead of the expected one since the last reset; null when there was none. */
  readonly foreignUnit: () => number | null;
  /** Bytes and frames that were no reply to the request under way. */
  readonly strayCount: () => number;
};

const EXCEPTION_BYTES = 5;

/** Modbus Application Protocol V1.1b3, section 6: the length of each function's reply, and of an exception's. */
export function expectedReply(request: Buffer): Expected {
  const unit = request[0] ?? 0;
  const code = request[1] ?? 0;
  const count = request.readUInt16BE(4);
  if (code === 1 || code === 2) return { unit, code, replyBytes: 5 + Math.ceil(count / 8) };
  if (code === 3 || code === 4) return { unit, code, replyBytes: 5 + count * 2 };
  return { unit, code, replyBytes: 8 };
}

/** The RTU length of a reply that begins with these bytes, or 0 when it cannot be the expected one. */
export function replyLength(unit: number, code: number, expected: Expected): number {
  if (unit !== expected.unit) return 0;
  if (code === (expected.code | 0x80)) return EXCEPTION_BYTES;
  return code === expected.code ? expected.replyBytes : 0;
}

/** Read replies state their own length; it must be the expected one. */
export function isByteCountRight(reply: Buffer, expected: Expected): boolean {
  if (expected.code > 4 || reply[1] !== expected.code) return true;
  return reply[2] === expected.replyBytes - 5;
}
