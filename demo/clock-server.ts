/** The demo clock's port: tells the time to all, keeps the drivers of the replay in step, and answers tests. */
import type { Socket } from 'node:net';
import { readLines, writeLine } from '@commonworks/clock/json-lines.ts';
import type { ClockMessage, ClockRequest } from '@commonworks/core/demo-clock.ts';
import { CLOCK_LINE_BYTES_MAX, parseClockRequest } from '@commonworks/core/demo-clock.ts';
import { createDrivers, type Drivers } from './drivers.ts';
import { listen, type Wire } from './wire/modbus-server.ts';

export type TimeMessage = Extract<ClockMessage, { type: 'time' }>;
/** What needs the world to be answered. */
export type WorldRequest = Extract<ClockRequest, { type: 'registers' | 'fault' | 'badge' }>;

export type ClockServer = Wire & {
  readonly drivers: Drivers;
  readonly broadcast: (message: TimeMessage) => void;
};

export type ClockServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly time: () => TimeMessage;
  readonly answer: (request: WorldRequest) => ClockMessage;
  /** Names of the drivers that the replay waits for. */
  readonly expected: readonly string[];
  /** Ends every wait for drivers. */
  readonly signal: AbortSignal;
};

export async function openClockServer(options: ClockServerOptions): Promise<ClockServer> {
  const drivers = createDrivers(options.expected, options.signal);
  const sockets = new Set<Socket>();
  const wire = await listen(
    (socket) => {
      sockets.add(socket);
      let driver: string | null = null;
      socket.on('close', () => {
        sockets.delete(socket);
        if (driver === null) drivers.observerLeft(socket);
        else drivers.left(driver, socket);
      });
      readLines(socket, CLOCK_LINE_BYTES_MAX, (line) => {
        const request = parseClockRequest(line);
        if (request === null) return socket.destroy();
        if (request.type === 'hello') {
          if (request.isDriver) driver = request.name;
          if (driver !== null) drivers.joined(driver, socket);
        } else if (request.type === 'arrived') {
          if (driver === null) drivers.observerArrived(socket, request.atMs);
          else drivers.arrived(driver, request.atMs);
        } else if (request.type === 'advance') {
          if (driver !== null) drivers.asked(driver, request.doneMs);
        } else writeLine(socket, options.answer(request));
        return undefined;
      });
      writeLine(socket, options.time());
    },
    { host: options.host, port: options.port },
  );
  return {
    ...wire,
    drivers,
    broadcast: (message) => {
      for (const socket of sockets) writeLine(socket, message);
    },
  };
}
