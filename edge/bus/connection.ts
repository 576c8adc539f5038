/** The connection of one bus: opened when needed, given a rest when it cannot be. */
import { isCoded } from '@commonworks/core';
import { openStream, type StreamLink } from '@commonworks/firmware-bridge';
import type { BusConfig } from '../config/schema.ts';
import { createModbusClient, type ModbusClient } from '../modbus/client.ts';
import { createMbapFraming } from '../modbus/mbap-framing.ts';
import { createRtuFraming } from '../modbus/rtu-framing.ts';
import { createBreaker } from './breaker.ts';

export type Connection = {
  /** @throws CodedError `bridge.link-unreachable`, or what `job` throws. */
  readonly run: <T>(job: (client: ModbusClient) => Promise<T>) => Promise<T>;
  /** The next job opens it anew. */
  readonly close: () => void;
};

const REST_MS = 1000;
const OPEN_TIMEOUT_MS = 3000;

export function createConnection(config: BusConfig, options: { timeoutMs: number; signal: AbortSignal }): Connection {
  const { timeoutMs, signal } = options;
  const breaker = createBreaker(REST_MS, () => performance.now());
  let client: ModbusClient | null = null;
  let fault: unknown = null;

  const opened = async (): Promise<ModbusClient> => {
    if (client?.isOpen()) return client;
    if (breaker.restMs() > 0) throw fault;
    try {
      client = await openClient(config, timeoutMs, signal);
      breaker.succeed();
      return client;
    } catch (error) {
      fault = error;
      breaker.fail();
      throw error;
    }
  };
  signal.addEventListener('abort', () => client?.close(), { once: true });
  return {
    run: async (job) => {
      const isReused = client?.isOpen() === true;
      try {
        return await job(await opened());
      } catch (error) {
        // Device servers close idle connections: one that ended since the last request is opened anew, once.
        const hasEnded = isCoded(error, 'bridge.link-unreachable') && error.detail['isEnded'] === true;
        if (!isReused || !hasEnded) throw error;
        return await job(await opened());
      }
    },
    close: () => client?.close(),
  };
}

async function openClient(config: BusConfig, timeoutMs: number, signal: AbortSignal): Promise<ModbusClient> {
  const stream = await openStream(linkOf(config), { signal, timeoutMs: OPEN_TIMEOUT_MS });
  const isTcp = config.kind === 'modbus-tcp';
  return createModbusClient(stream, isTcp ? createMbapFraming(transactionSeed()) : createRtuFraming(), {
    timeoutMs,
    turnaroundMs: config.kind === 'modbus-rtu' ? silentIntervalMs(config.baudRate) : 0,
    settleMs: isTcp ? 0 : 50,
  });
}

/** A reconnect begins elsewhere in the numbers, in case a gateway still holds replies of the old connection. */
function transactionSeed(): number {
  return Math.floor(Math.random() * 0x1_0000);
}

/** Modbus over serial line V1.02, section 2.5.1.1: 3.5 characters of 11 bits, 1.75 ms above 19,200 baud. */
function silentIntervalMs(baudRate: number): number {
  return baudRate > 19_200 ? 1.75 : Math.ceil((3.5 * 11 * 1000) / baudRate);
}

function linkOf(config: BusConfig): StreamLink {
  if (config.kind !== 'modbus-rtu') return { host: config.host, port: config.port };
  return {
    path: config.path,
    baudRate: config.baudRate,
    ...(config.parity === undefined ? {} : { parity: config.parity }),
    ...(config.stopBits === undefined ? {} : { stopBits: config.stopBits }),
  };
}
