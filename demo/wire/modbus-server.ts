/** Modbus slaves behind one TCP port: one device, or all of an RS-485 line. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { ActiveFault, Faults } from './faults.ts';
import type { Frame, Framing } from './modbus-framing.ts';
import { answer, EXCEPTION, exception, type ModbusUnit } from './modbus-unit.ts';

export type ModbusLine = {
  readonly framing: Framing;
  /** By unit id; what is not there does not answer. */
  readonly units: ReadonlyMap<number, ModbusUnit>;
  readonly faults: Faults;
  /** Before a request is answered: a running world comes up to the present. */
  readonly sync: () => void;
  readonly onWrite: () => void;
};

export type Wire = { readonly port: number; readonly close: () => void };

/** More than any request: a client that sends it is not speaking Modbus. */
const PENDING_BYTES_MAX = 4096;
/** Function codes of answered writes. */
const WRITES: ReadonlySet<number> = new Set([5, 6, 16]);

export async function serveModbus(line: ModbusLine, address: { host: string; port: number }): Promise<Wire> {
  return listen((socket) => {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      const split = line.framing.split(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
      rest = split.rest;
      if (rest.length > PENDING_BYTES_MAX) socket.destroy();
      for (const frame of split.frames) reply(line, socket, frame);
    });
  }, address);
}

function reply(line: ModbusLine, socket: Socket, frame: Frame): void {
  const unit = line.units.get(frame.unit);
  if (unit === undefined) {
    // A gateway says that nobody answers (exception 0x0B); on a line there is silence.
    if (line.framing.isTcp) socket.write(line.framing.wrap(frame, exception(frame.pdu[0] ?? 0, EXCEPTION.noReply)));
    return;
  }
  const fault = line.faults.take(unit.device);
  if (fault?.kind === 'drop') return;
  line.sync();
  const refusal = exception(frame.pdu[0] ?? 0, EXCEPTION.failure);
  const done = fault?.kind === 'exception' ? refusal : answer(unit, frame.pdu, fault?.kind === 'glitch');
  const pdu = fault?.kind === 'exception-after' ? refusal : done;
  if (WRITES.has(done[0] ?? 0)) line.onWrite();
  send(socket, line.framing.wrap(frame, pdu), { fault, framing: line.framing });
}

function send(
  socket: Socket,
  bytes: Buffer,
  { fault, framing }: { fault: ActiveFault | null; framing: Framing },
): void {
  if (!socket.writable) return;
  if (fault?.kind === 'late') setTimeout(() => socket.writable && socket.write(bytes), fault.delayMs).unref();
  else if (fault?.kind === 'truncated') socket.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
  else if (fault?.kind === 'wrong-crc') socket.write(framing.spoil(bytes));
  else socket.write(bytes);
}

/** A TCP server of the demo: quick small writes, and no connection outlives it. */
export async function listen(
  onSocket: (socket: Socket) => void,
  address: { host: string; port: number },
): Promise<Wire> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that resets the line is its own affair.
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(address.port, address.host);
  await once(server, 'listening');
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
