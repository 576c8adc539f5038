/** The connection to the demo clock, made again for as long as the process lives. */
import { connect, type Socket } from 'node:net';
import type { ClockMessage, ClockRequest } from '@commonworks/core';
import { CLOCK_LINE_BYTES_MAX, parseClockMessage } from '@commonworks/core';
import { pause } from './aligned-ticks.ts';
import { readLines, writeLine } from './json-lines.ts';

export type ClockLink = { readonly send: (request: ClockRequest) => void };

export type LinkHandlers = {
  readonly onConnect: () => void;
  readonly onMessage: (message: ClockMessage) => void;
};

/** The supervisor starts a fallen world again within a second or two: a short, steady pause is right. */
const RETRY_MS = 100;

export function openLink(address: string, handlers: LinkHandlers, signal: AbortSignal): ClockLink {
  const colon = address.lastIndexOf(':');
  const target = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  let current: Socket | null = null;
  const run = async () => {
    while (!signal.aborted) {
      await connection(target, signal, (socket) => {
        current = socket;
        readLines(socket, CLOCK_LINE_BYTES_MAX, (line) => {
          const message = parseClockMessage(line);
          if (message !== null) handlers.onMessage(message);
        });
        handlers.onConnect();
      });
      current = null;
      await pause(RETRY_MS, [signal]);
    }
  };
  void run();
  return {
    send: (request) => {
      if (current !== null) writeLine(current, request);
    },
  };
}

/** Resolves when the connection has ended, whether it ever stood or not. */
function connection(
  target: { host: string; port: number },
  signal: AbortSignal,
  onOpen: (socket: Socket) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ ...target, noDelay: true });
    const abort = () => socket.destroy();
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => onOpen(socket));
    // The reason does not matter: every end of the connection is answered by the next attempt.
    socket.on('error', () => {});
    socket.once('close', () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
  });
}
