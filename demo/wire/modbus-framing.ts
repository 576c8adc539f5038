/** How requests travel: Modbus TCP's header, or RTU frames with CRC as an RS-485 device server passes them on. */
import { crc16 } from './crc16.ts';

export type Frame = { readonly unit: number; readonly pdu: Buffer; readonly tag: number };

/** Splits received bytes into whole frames and tells what is left over. */
export type Framing = {
  readonly isTcp: boolean;
  readonly split: (bytes: Buffer) => { frames: Frame[]; rest: Buffer };
  readonly wrap: (request: Frame, pdu: Buffer) => Buffer;
  /** The same reply with its check spoiled: the CRC, or for TCP, which has none, the transaction number. */
  readonly spoil: (reply: Buffer) => Buffer;
};

/** Modbus Messaging on TCP/IP V1.0b, section 3.1.3. `tag` is the transaction number. */
export const TCP_FRAMING: Framing = {
  isTcp: true,
  split: (bytes) => {
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= 8) {
      const length = bytes.readUInt16BE(at + 4);
      if (length < 2 || length > 254) return { frames, rest: Buffer.alloc(0) };
      if (bytes.length - at < 6 + length) break;
      frames.push({
        tag: bytes.readUInt16BE(at),
        unit: bytes[at + 6] ?? 0,
        pdu: bytes.subarray(at + 7, at + 6 + length),
      });
      at += 6 + length;
    }
    return { frames, rest: bytes.subarray(at) };
  },
  wrap: (request, pdu) => {
    const head = Buffer.alloc(7);
    head.writeUInt16BE(request.tag, 0);
    head.writeUInt16BE(pdu.length + 1, 4);
    head[6] = request.unit;
    return Buffer.concat([head, pdu]);
  },
  spoil: (reply) => spoilByte(reply, 1),
};

/** Modbus over serial line V1.02, section 2.5.1; without the line's silences frames are told apart by their length. */
export const RTU_FRAMING: Framing = {
  isTcp: false,
  split: (bytes) => {
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      const length = requestLength(bytes.subarray(at));
      if (length === null || bytes.length - at < length) break;
      const body = bytes.subarray(at, at + length - 2);
      // A slave does not answer a frame it cannot trust; what follows on the line is as doubtful.
      if (crc16(body, 0xffff) !== bytes.readUInt16LE(at + length - 2)) return { frames, rest: Buffer.alloc(0) };
      frames.push({ tag: 0, unit: body[0] ?? 0, pdu: body.subarray(1) });
      at += length;
    }
    return { frames, rest: bytes.subarray(at) };
  },
  wrap: (request, pdu) => {
    const body = Buffer.concat([Buffer.from([request.unit]), pdu]);
    const check = Buffer.alloc(2);
    check.writeUInt16LE(crc16(body, 0xffff));
    return Buffer.concat([body, check]);
  },
  spoil: (reply) => spoilByte(reply, reply.length - 1),
};

/** Whole length with address and CRC; null while it cannot be told yet. */
function requestLength(bytes: Buffer): number | null {
  if (bytes.length < 2) return null;
  if (bytes[1] !== 15 && bytes[1] !== 16) return 8;
  const count = bytes[6];
  return count === undefined ? null : 9 + count;
}

function spoilByte(reply: Buffer, at: number): Buffer {
  const spoiled = Buffer.from(reply);
  spoiled[at] = (spoiled[at] ?? 0) ^ 0x5a;
  return spoiled;
}
