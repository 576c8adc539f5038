/** Modbus RTU on a serial line, or the same bytes inside a TCP connection. */
import { crc16, MODBUS_CRC_START } from './crc16.ts';
import { type Expected, type Framing, isByteCountRight, replyLength } from './framing.ts';

/** The longest RTU frame is 256 bytes (Modbus over serial line V1.02, section 2.5.1); more than two are noise. */
const BUFFER_MAX = 512;

/**
 * RTU has no transaction number. A frame counts only when unit, function, length and CRC are those of the request
 * under way; it may stand anywhere in the bytes, so noise before it does no harm.
 */
export function createRtuFraming(): Framing {
  let buffer: Buffer = Buffer.alloc(0);
  let strays = 0;
  let foreign: number | null = null;
  return {
    wrap: (frame) => frame,
    receive: (chunk, expected) => {
      if (expected === null) {
        strays += chunk.length;
        return null;
      }
      buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
      const start = findReply(buffer, expected);
      if (start < 0) {
        foreign = findForeign(buffer, expected) ?? foreign;
        if (buffer.length > BUFFER_MAX) {
          strays += buffer.length - BUFFER_MAX;
          buffer = buffer.subarray(buffer.length - BUFFER_MAX);
        }
        return null;
      }
      const length = replyLength(expected.unit, buffer[start + 1] ?? 0, expected);
      const reply = buffer.subarray(start, start + length);
      strays += buffer.length - length;
      buffer = Buffer.alloc(0);
      return reply;
    },
    reset: () => {
      strays += buffer.length;
      foreign = null;
      buffer = Buffer.alloc(0);
    },
    foreignUnit: () => foreign,
    strayCount: () => strays + buffer.length,
  };
}

function findReply(buffer: Buffer, expected: Expected): number {
  for (let start = 0; start + 5 <= buffer.length; start++) {
    const length = replyLength(buffer[start] ?? 0, buffer[start + 1] ?? 0, expected);
    if (length === 0 || start + length > buffer.length) continue;
    const frame = buffer.subarray(start, start + length);
    if (!isByteCountRight(frame, expected)) continue;
    if (crc16(frame.subarray(0, -2), MODBUS_CRC_START) === frame.readUInt16LE(length - 2)) return start;
  }
  return -1;
}

/** A reply as it was wanted, whole and with a right checksum, but from another unit. */
function findForeign(buffer: Buffer, expected: Expected): number | null {
  for (let start = 0; start + 5 <= buffer.length; start++) {
    const unit = buffer[start] ?? 0;
    if (unit !== expected.unit && findReply(buffer.subarray(start), { ...expected, unit }) === 0) return unit;
  }
  return null;
}
