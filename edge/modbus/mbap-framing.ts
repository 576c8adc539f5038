/** Modbus TCP: the MBAP header with a transaction number that is never used twice while a late reply could live. */
import { crc16, MODBUS_CRC_START } from './crc16.ts';
import { type Expected, type Framing, isByteCountRight, replyLength } from './framing.ts';

const HEADER_BYTES = 6;
/** Unit and PDU: at most 254 bytes (Modbus messaging on TCP/IP V1.0b, section 3.1). */
const LENGTH_MAX = 254;

export function createMbapFraming(firstTransaction = 0): Framing {
  let buffer: Buffer = Buffer.alloc(0);
  let transaction = firstTransaction & 0xffff;
  let strays = 0;
  let foreign: number | null = null;

  const take = (expected: Expected | null): Buffer | null => {
    const length = buffer.readUInt16BE(4);
    if (buffer.readUInt16BE(2) !== 0 || length < 2 || length > LENGTH_MAX) {
      throw new Error('the bytes are not Modbus TCP');
    }
    if (buffer.length < HEADER_BYTES + length) return null;
    const body = buffer.subarray(HEADER_BYTES, HEADER_BYTES + length);
    const isCurrent = buffer.readUInt16BE(0) === transaction;
    buffer = buffer.subarray(HEADER_BYTES + length);
    if (expected !== null && isCurrent) {
      const isLengthRight = replyLength(body[0] ?? 0, body[1] ?? 0, expected) === length + 2;
      if (isLengthRight && isByteCountRight(body, expected)) return withCrc(body);
    }
    const unit = body[0] ?? 0;
    if (expected !== null && isCurrent && unit !== expected.unit) foreign = unit;
    strays += 1;
    return null;
  };
  return {
    wrap: (frame) => {
      transaction = (transaction + 1) & 0xffff;
      const bytes = Buffer.allocUnsafe(HEADER_BYTES + frame.length - 2);
      bytes.writeUInt16BE(transaction, 0);
      bytes.writeUInt16BE(0, 2);
      bytes.writeUInt16BE(frame.length - 2, 4);
      frame.copy(bytes, HEADER_BYTES, 0, frame.length - 2);
      return bytes;
    },
    receive: (chunk, expected) => {
      buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
      let before = -1;
      while (buffer.length >= HEADER_BYTES && buffer.length !== before) {
        before = buffer.length;
        const reply = take(expected);
        if (reply !== null) return reply;
      }
      return null;
    },
    reset: () => {
      foreign = null;
    },
    foreignUnit: () => foreign,
    strayCount: () => strays,
  };
}

/** The protocol's client checks a CRC; MBAP carries none, TCP has its own checksum. */
function withCrc(body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(body.length + 2);
  body.copy(frame);
  frame.writeUInt16LE(crc16(body, MODBUS_CRC_START), body.length);
  return frame;
}
