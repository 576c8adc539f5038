/** For tests: a TCP server that speaks Modbus (TCP or RTU framing) from plain tables, and misbehaves when told to. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { crc16, MODBUS_CRC_START } from './crc16.ts';

export type SlaveRequest = { readonly transaction: number; readonly unit: number; readonly pdu: Buffer };
/** Bytes to send; the default is the right answer. */
export type SlaveAnswer = (request: SlaveRequest, right: Buffer, send: (bytes: Buffer) => void) => void;

export type TestSlave = AsyncDisposable & {
  readonly port: number;
  /** 3 and 4 share it; unwritten registers read 0. */
  readonly registers: Map<number, number>;
  readonly coils: Map<number, boolean>;
  readonly requests: SlaveRequest[];
  /** Replaces the way requests are answered. */
  answer: SlaveAnswer;
  /** Closes all connections, as device servers do with idle ones. */
  readonly hangUp: () => void;
  readonly frame: (request: SlaveRequest, pdu: Buffer, changes?: { unit?: number; transaction?: number }) => Buffer;
};

export async function startTestSlave(kind: 'tcp' | 'rtu'): Promise<TestSlave> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const cut = kind === 'tcp' ? cutTcp(rest) : cutRtu(rest);
        if (cut === null) return;
        rest = rest.subarray(cut.length);
        slave.requests.push(cut.request);
        slave.answer(cut.request, frame(cut.request, reply(slave, cut.request.pdu)), (bytes) => socket.write(bytes));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const frame: TestSlave['frame'] = (request, pdu, changes = {}) => {
    const unit = changes.unit ?? request.unit;
    return kind === 'tcp' ? tcpFrame(changes.transaction ?? request.transaction, unit, pdu) : rtuFrame(unit, pdu);
  };
  const slave: TestSlave = {
    port: (server.address() as AddressInfo).port,
    registers: new Map(),
    coils: new Map(),
    requests: [],
    answer: (_request, right, send) => send(right),
    frame,
    hangUp: () => {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return slave;
}

export function putF32(slave: TestSlave, address: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  slave.registers.set(address, bytes.readUInt16BE(0));
  slave.registers.set(address + 1, bytes.readUInt16BE(2));
}

function reply(slave: TestSlave, pdu: Buffer): Buffer {
  const code = pdu[0] ?? 0;
  const address = pdu.readUInt16BE(1);
  const count = pdu.readUInt16BE(3);
  switch (code) {
    case 1:
      return Buffer.from([1, 1, slave.coils.get(address) === true ? 1 : 0]);
    case 3:
    case 4: {
      const bytes = Buffer.alloc(2 + count * 2);
      bytes.set([code, count * 2]);
      for (let i = 0; i < count; i++) bytes.writeUInt16BE(slave.registers.get(address + i) ?? 0, 2 + i * 2);
      return bytes;
    }
    case 5:
      slave.coils.set(address, count === 0xff00);
      return pdu.subarray(0, 5);
    case 16:
      for (let i = 0; i < count; i++) slave.registers.set(address + i, pdu.readUInt16BE(6 + i * 2));
      return pdu.subarray(0, 5);
    default:
      return Buffer.from([code | 0x80, 1]);
  }
}

function tcpFrame(transaction: number, unit: number, pdu: Buffer): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt16BE(transaction, 0);
  head.writeUInt16BE(pdu.length + 1, 4);
  head.writeUInt8(unit, 6);
  return Buffer.concat([head, pdu]);
}

function rtuFrame(unit: number, pdu: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from([unit]), pdu]);
  const crc = Buffer.alloc(2);
  crc.writeUInt16LE(crc16(body, MODBUS_CRC_START));
  return Buffer.concat([body, crc]);
}

type Cut = { request: SlaveRequest; length: number } | null;

function cutTcp(bytes: Buffer): Cut {
  if (bytes.length < 7) return null;
  const length = 6 + bytes.readUInt16BE(4);
  if (bytes.length < length) return null;
  const request = { transaction: bytes.readUInt16BE(0), unit: bytes[6] ?? 0, pdu: bytes.subarray(7, length) };
  return { request, length };
}

function cutRtu(bytes: Buffer): Cut {
  if (bytes.length < 8) return null;
  const length = bytes[1] === 16 ? 9 + (bytes[6] ?? 0) : 8;
  if (bytes.length < length) return null;
  return { request: { transaction: 0, unit: bytes[0] ?? 0, pdu: bytes.subarray(1, length - 2) }, length };
}
