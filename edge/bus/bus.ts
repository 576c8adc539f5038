/** One physical bus: its connection, whose turn it is, and which of its units are given a rest. */
import { CodedError, isCoded } from '@commonworks/core';
import { openStream, type StreamLink } from '@commonworks/firmware-bridge';
import type { BusConfig } from '../config/schema.ts';
import { createModbusClient, type ModbusClient } from '../modbus/client.ts';
import { createMbapFraming } from '../modbus/mbap-framing.ts';
import { createRtuFraming } from '../modbus/rtu-framing.ts';
import { type Breaker, createBreaker } from './breaker.ts';
import { createTurns } from './turns.ts';

export type Bus = {
  readonly name: string;
  /**
   * Runs `job` when it is this caller's turn. A unit that does not answer is rested; meanwhile its jobs fail at once,
   * except urgent ones.
   * @throws CodedError of the connection (`bridge.link-unreachable`), the request (`edge.modbus-*`) or the rest
   * (`edge.device-unit-down`).
   */
  readonly exchange: <T>(unit: number, job: (client: ModbusClient) => Promise<T>, isUrgent?: boolean) => Promise<T>;
  readonly close: () => void;
};

const TIMEOUT_MS = 1000;
const LINK_REST_MS = 1000;
/** A connection on which nothing at all answers so often is taken for dead and opened anew. */
const SILENT_REQUESTS_MAX = 8;

export function createBus(config: BusConfig, signal: AbortSignal): Bus {
  const timeoutMs = config.timeoutMs ?? TIMEOUT_MS;
  const monotonicMs = () => performance.now();
  const turns = createTurns();
  const linkBreaker = createBreaker(LINK_REST_MS, monotonicMs);
  const units = new Map<number, Breaker>();
  let client: ModbusClient | null = null;
  let silentRequests = 0;
  let linkFault: unknown = null;

  const connected = async (): Promise<ModbusClient> => {
    if (client?.isOpen()) return client;
    if (linkBreaker.restMs() > 0) throw linkFault;
    try {
      client = await openClient(config, timeoutMs, signal);
      linkBreaker.succeed();
      silentRequests = 0;
      return client;
    } catch (error) {
      linkFault = error;
      linkBreaker.fail();
      throw error;
    }
  };
  const breakerOf = (unit: number): Breaker => {
    const breaker = units.get(unit) ?? createBreaker(timeoutMs, monotonicMs);
    units.set(unit, breaker);
    return breaker;
  };
  const onFailure = (error: unknown, breaker: Breaker) => {
    if (!isSilence(error)) return;
    breaker.fail();
    silentRequests += 1;
    if (silentRequests < SILENT_REQUESTS_MAX) return;
    client?.close();
    client = null;
  };
  /** Device servers close idle connections: one that ended since the last request is opened anew, once. */
  const attempt = async <T>(job: (client: ModbusClient) => Promise<T>): Promise<T> => {
    const isReused = client?.isOpen() === true;
    const open = await connected();
    try {
      return await job(open);
    } catch (error) {
      const hasEnded = isCoded(error, 'bridge.link-unreachable') && error.detail['isEnded'] === true;
      if (!isReused || !hasEnded) throw error;
      return await job(await connected());
    }
  };
  signal.addEventListener('abort', () => client?.close(), { once: true });
  return {
    name: config.name,
    exchange: (unit, job, isUrgent = false) =>
      turns.run(async () => {
        const breaker = breakerOf(unit);
        if (breaker.restMs() > 0 && !isUrgent) {
          throw new CodedError('edge.device-unit-down', `unit ${unit} on ${config.name} does not answer`);
        }
        try {
          const result = await attempt(job);
          breaker.succeed();
          silentRequests = 0;
          return result;
        } catch (error) {
          onFailure(error, breaker);
          throw error;
        }
      }, isUrgent),
    close: () => client?.close(),
  };
}

/** No answer from the device itself; a gateway says so with exceptions 10 and 11. */
function isSilence(error: unknown): boolean {
  if (isCoded(error, 'edge.modbus-timeout') || isCoded(error, 'edge.modbus-corrupt')) return true;
  return isCoded(error, 'edge.modbus-exception') && [10, 11].includes(Number(error.detail['exception']));
}

async function openClient(config: BusConfig, timeoutMs: number, signal: AbortSignal): Promise<ModbusClient> {
  const stream = await openStream(linkOf(config), { signal, timeoutMs: 3000 });
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
