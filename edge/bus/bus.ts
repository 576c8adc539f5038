/** One physical bus: whose turn it is, and which of its units are given a rest. */
import { CodedError, isCoded } from '@commonworks/core';
import type { BusConfig } from '../config/schema.ts';
import type { ModbusClient } from '../modbus/client.ts';
import { type Breaker, createBreaker } from './breaker.ts';
import { createConnection } from './connection.ts';
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
/** A connection on which nothing at all answers so often is taken for dead and opened anew. */
const SILENT_REQUESTS_MAX = 8;

export function createBus(config: BusConfig, signal: AbortSignal): Bus {
  const timeoutMs = config.timeoutMs ?? TIMEOUT_MS;
  const turns = createTurns();
  const connection = createConnection(config, { timeoutMs, signal });
  const units = new Map<number, Breaker>();
  let silentRequests = 0;

  const breakerOf = (unit: number): Breaker => {
    const breaker = units.get(unit) ?? createBreaker(timeoutMs, () => performance.now());
    units.set(unit, breaker);
    return breaker;
  };
  const onFailure = (error: unknown, breaker: Breaker) => {
    if (!isSilence(error)) return;
    breaker.fail();
    silentRequests += 1;
    if (silentRequests % SILENT_REQUESTS_MAX === 0) connection.close();
  };
  return {
    name: config.name,
    exchange: (unit, job, isUrgent = false) =>
      turns.run(async () => {
        const breaker = breakerOf(unit);
        if (breaker.restMs() > 0 && !isUrgent) {
          throw new CodedError('edge.device-unit-down', `unit ${unit} on ${config.name} does not answer`);
        }
        try {
          const result = await connection.run(job);
          breaker.succeed();
          silentRequests = 0;
          return result;
        } catch (error) {
          onFailure(error, breaker);
          throw error;
        }
      }, isUrgent),
    close: connection.close,
  };
}

const SILENT = ['edge.modbus-timeout', 'edge.modbus-corrupt', 'edge.modbus-foreign-unit'] as const;

/** No answer from the device itself; a gateway says so with exceptions 10 and 11. */
function isSilence(error: unknown): boolean {
  if (SILENT.some((code) => isCoded(error, code))) return true;
  return isCoded(error, 'edge.modbus-exception') && [10, 11].includes(Number(error.detail['exception']));
}
