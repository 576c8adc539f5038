/** One byte stream to a device: a TCP connection (a serial device server) or a serial port. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { CodedError } from '@commonworks/core';

export type StreamLink =
  | { readonly host: string; readonly port: number }
  | {
      readonly path: string;
      readonly baudRate: number;
      readonly parity?: 'none' | 'even' | 'odd';
      readonly stopBits?: 1 | 2;
    };

export type OpenOptions = { readonly signal: AbortSignal; readonly timeoutMs?: number };

/**
 * An open stream; the caller ends it with `destroy()`.
 * @throws CodedError `bridge.link-unreachable`; `detail.isAbsent` is true when the serial port does not exist.
 */
export async function openStream(link: StreamLink, options: OpenOptions): Promise<Duplex> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs ?? 5000)]);
  try {
    signal.throwIfAborted();
    return 'host' in link ? await openTcp(link, signal) : await openSerial(link, signal);
  } catch (cause) {
    const name = linkName(link);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError('bridge.link-unreachable', `cannot open ${name}: ${reason}`, {
      cause,
      detail: { isAbsent: /ENOENT|No such file/.test(reason) },
    });
  }
}

export function linkName(link: StreamLink): string {
  return 'host' in link ? `${link.host}:${link.port}` : link.path;
}

async function openTcp(link: { host: string; port: number }, signal: AbortSignal): Promise<Duplex> {
  const socket = connect({ host: link.host, port: link.port, noDelay: true, keepAlive: true });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (cause) {
    socket.destroy();
    throw cause;
  }
}

async function openSerial(link: Extract<StreamLink, { path: string }>, signal: AbortSignal): Promise<Duplex> {
  // Loaded here, so that an edge without serial ports needs no native module.
  const { SerialPort } = await import('serialport');
  const port = new SerialPort({
    path: link.path,
    baudRate: link.baudRate,
    dataBits: 8,
    parity: link.parity ?? 'none',
    stopBits: link.stopBits ?? 1,
    autoOpen: false,
    // Dropping DTR on close resets Arduino-based controllers (gnea/grbl#160).
    hupcl: false,
  });
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  // By itself a destroyed port stays open: locked against being opened again, and keeping the process alive.
  port._destroy = (error, done) => {
    if (port.isOpen) port.close(() => done(error));
    else done(error);
  };
  // Opening a serial port cannot be called off: nobody waits for it any more.
  if (signal.aborted) port.destroy();
  signal.throwIfAborted();
  return port;
}
