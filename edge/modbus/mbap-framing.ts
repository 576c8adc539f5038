/** Modbus TCP: the MBAP header with a transaction number that is never used twice while a late reply could live. */
import { crc16, MODBUS_CRC_START } from './crc16.ts';
import { type Expected, type Framing, isByteCountRight, replyLength } from './framing.ts';

const HEADER_BYTES = 6;
/** Unit and PDU: at most 254 bytes (Modbus messaging on TCP/IP V1.0b, section 3.1). */
const LENGTH_MAX = 254;
/** With unit and function behind it: by so many bytes another reply is known inside a reply. */
const HEAD_BYTES = HEADER_BYTES + 2;
/** A reply that is later than so many requests is not awaited any more. */
const UNANSWERED_MAX = 64;

/** By transaction: unit and function of the request. */
type Unanswered = Map<number, number>;

/**
 * A gateway can lose the end of a reply, and what comes next then fills it up: the frame has the right number, unit and
 * length, and half of its registers are another reply's header. TCP's checksum says nothing about it. So a frame with
 * the head of an unanswered request inside, or with bytes behind it that begin no frame, ends the connection.
 */
export function createMbapFraming(firstTransaction = 0): Framing {
  let buffer: Buffer = Buffer.alloc(0);
  let transaction = firstTransaction & 0xffff;
  let strays = 0;
  let foreign: number | null = null;
  const unanswered: Unanswered = new Map();

  const take = (expected: Expected | null): Buffer | null => {
    const length = buffer.readUInt16BE(4);
    if (!beginsFrame(buffer)) throw new Error('the bytes are not Modbus TCP');
    if (buffer.length < HEADER_BYTES + length) return null;
    const body = buffer.subarray(HEADER_BYTES, HEADER_BYTES + length);
    const number = buffer.readUInt16BE(0);
    const isCurrent = number === transaction;
    const isSpliced = holdsHead(buffer, HEADER_BYTES + length, unanswered);
    buffer = buffer.subarray(HEADER_BYTES + length);
    if (isSpliced || !beginsFrame(buffer)) throw new Error('two replies have run into one');
    unanswered.delete(number);
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
      unanswered.set(transaction, frame.readUInt16BE(0));
      if (unanswered.size > UNANSWERED_MAX) unanswered.delete(unanswered.keys().next().value ?? 0);
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

/** Whether these bytes can be the begin of a frame, as far as they are there. */
function beginsFrame(bytes: Buffer): boolean {
  if ((bytes[2] ?? 0) !== 0 || (bytes[3] ?? 0) !== 0) return false;
  if (bytes.length < HEADER_BYTES) return true;
  const length = bytes.readUInt16BE(4);
  return length >= 2 && length <= LENGTH_MAX;
}

/** Whether the reply to an unanswered request begins within the first `length` bytes, behind their own header. */
function holdsHead(bytes: Buffer, length: number, unanswered: Unanswered): boolean {
  const end = Math.min(length, bytes.length - HEAD_BYTES + 1);
  for (let at = HEADER_BYTES; at < end; at++) {
    const asked = unanswered.get(bytes.readUInt16BE(at));
    if (asked === undefined || !beginsFrame(bytes.subarray(at))) continue;
    // The highest bit of the function says that the reply is an exception.
    if ((bytes.readUInt16BE(at + HEADER_BYTES) & 0xff7f) === asked) return true;
  }
  return false;
}

/** The protocol's client checks a CRC; MBAP carries none, TCP has its own checksum. */
function withCrc(body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(body.length + 2);
  body.copy(frame);
  frame.writeUInt16LE(crc16(body, MODBUS_CRC_START), body.length);
  return frame;
}
