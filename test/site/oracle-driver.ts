/** Takes part in the demo clock's lock-step and writes down, at every instant, what the simulated devices' registers truly are. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import {
  type ClockMessage,
  type ClockRequest,
  type OracleRegisters,
  parseClockMessage,
} from '@commonworks/core/demo-clock.ts';

export type Oracle = {
  /** Registers by device, at every instant the world has stood still at. */
  readonly registers: ReadonlyMap<number, Readonly<Record<string, OracleRegisters>>>;
  readonly mode: () => 'demo' | 'replaying';
  readonly nowMs: () => number;
  readonly close: () => void;
};

export type OracleOptions = {
  /** Called before the world may move on: the test holds the pace. */
  readonly pace: (atMs: number) => Promise<void>;
};

export async function followOracle(address: string, options: OracleOptions): Promise<Oracle> {
  const socket = await open(address);
  const registers = new Map<number, Readonly<Record<string, OracleRegisters>>>();
  let mode: 'demo' | 'replaying' = 'replaying';
  let nowMs = 0;
  let id = 0;
  const send = (message: ClockRequest): void => void socket.write(`${JSON.stringify(message)}\n`);
  const advance = (doneMs: number | null): void => {
    if (mode === 'replaying') send({ type: 'advance', doneMs });
  };
  const read = (message: ClockMessage): void => {
    if (message.type === 'time') {
      nowMs = message.nowMs;
      mode = message.mode;
      if (mode === 'replaying') send({ type: 'arrived', atMs: nowMs });
    } else if (message.type === 'instant') {
      send({ type: 'registers', id: id++ });
    } else if (message.type === 'registers') {
      registers.set(message.atMs, message.devices);
      void options.pace(message.atMs).then(() => advance(message.atMs));
    }
  };
  createInterface({ input: socket }).on('line', (line) => {
    const message = parseClockMessage(line);
    if (message !== null) read(message);
  });
  send({ type: 'hello', name: 'oracle', isDriver: true });
  advance(null);
  return { registers, mode: () => mode, nowMs: () => nowMs, close: () => void socket.destroy() };
}

async function open(address: string): Promise<Socket> {
  const at = address.lastIndexOf(':');
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
  await once(socket, 'connect');
  return socket;
}
