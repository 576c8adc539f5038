/** Reads and writes registers over one open stream, one request at a time, with coded errors. */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError, invariant } from '@commonworks/core';
import modbusSerial from 'modbus-serial';
import type { Framing } from './framing.ts';
import { GuardedPort } from './guarded-port.ts';

export type Table = 'input' | 'holding';

/**
 * Addresses are those of the wire, counted from 0. Every method throws CodedError `edge.modbus-*`, or
 * `bridge.link-unreachable` with `detail.isEnded` when the connection ended meanwhile.
 */
export type ModbusClient = {
  readonly readRegisters: (unit: number, table: Table, span: Span) => Promise<number[]>;
  readonly readCoil: (unit: number, address: number) => Promise<boolean>;
  readonly writeRegisters: (unit: number, address: number, values: readonly number[]) => Promise<void>;
  readonly writeCoil: (unit: number, address: number, isOn: boolean) => Promise<void>;
  readonly isOpen: () => boolean;
  readonly close: () => void;
};
export type Span = { readonly address: number; readonly count: number };

export type ClientOptions = {
  readonly timeoutMs: number;
  /** Silence kept between a reply and the next request: 3.5 characters on a serial line, 0 on TCP. */
  readonly turnaroundMs: number;
  /** After a lost reply: silence to wait for, so that a late one has passed. RTU has no numbers to tell them apart. */
  readonly settleMs: number;
};

type Next<T> = (error: (Error & { modbusCode?: number; errno?: string }) | null, result: T) => void;

export function createModbusClient(stream: Duplex, framing: Framing, options: ClientOptions): ModbusClient {
  const port = new GuardedPort(stream, framing);
  const modbus = new modbusSerial.default(port);
  modbus.setTimeout(options.timeoutMs);
  modbus.open();
  let isBusy = false;
  let isUnsettled = false;
  let failPending: ((error: Error) => void) | null = null;
  port.on('close', () => failPending?.(connectionEnded()));

  const request = async <T>(unit: number, send: (next: Next<T>) => void): Promise<T> => {
    invariant(!isBusy, 'one Modbus request at a time');
    isBusy = true;
    try {
      if (isUnsettled) await settle(port, options.settleMs);
      isUnsettled = false;
      if (!port.isOpen) throw connectionEnded();
      const straysBefore = port.strayCount();
      const answer = await new Promise<T>((resolve, reject) => {
        failPending = reject;
        send((error, result) => {
          if (!error) return resolve(result);
          port.abandon();
          isUnsettled = error.modbusCode === undefined;
          const other = port.foreignUnit();
          if (isUnsettled && other !== null) return reject(foreignReply(other, unit));
          reject(codedFailure(error, port.strayCount() > straysBefore));
        });
      });
      if (options.turnaroundMs > 0) await sleep(options.turnaroundMs);
      return answer;
    } finally {
      failPending = null;
      isBusy = false;
    }
  };
  return {
    readRegisters: async (unit, table, { address, count }) => {
      const answer = await request<{ data: number[] }>(unit, (next) =>
        table === 'input'
          ? modbus.writeFC4(unit, address, count, next as never)
          : modbus.writeFC3(unit, address, count, next as never),
      );
      return answer.data;
    },
    readCoil: async (unit, address) => {
      const answer = await request<{ data: boolean[] }>(unit, (next) =>
        modbus.writeFC1(unit, address, 1, next as never),
      );
      return answer.data[0] === true;
    },
    writeRegisters: async (unit, address, values) => {
      await request(unit, (next) => modbus.writeFC16(unit, address, [...values], next as never));
    },
    writeCoil: async (unit, address, isOn) => {
      await request(unit, (next) => modbus.writeFC5(unit, address, isOn, next as never));
    },
    isOpen: () => port.isOpen,
    close: () => port.close(),
  };
}

function connectionEnded(): CodedError {
  return new CodedError('bridge.link-unreachable', 'the connection ended', { detail: { isEnded: true } });
}

/** Waits until nothing has come for `silenceMs`, at most ten times as long. */
async function settle(port: GuardedPort, silenceMs: number): Promise<void> {
  const deadlineMs = performance.now() + silenceMs * 10;
  for (;;) {
    const nowMs = performance.now();
    const leftMs = port.lastByteMs + silenceMs - nowMs;
    if (leftMs <= 0 || nowMs >= deadlineMs) return;
    await sleep(Math.ceil(leftMs));
  }
}

/** Modbus Application Protocol V1.1b3, section 7. */
const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'device failure',
  5: 'acknowledge, come back later',
  6: 'device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'the gateway had no answer from the device',
};

function foreignReply(other: number, unit: number): CodedError {
  const causes = 'a unit number is set wrong, two devices share one, or a gateway or a second master is on this line';
  const message = `unit ${other} answered a request for unit ${unit}: ${causes}`;
  return new CodedError('edge.modbus-foreign-unit', message, { detail: { other, unit } });
}

function codedFailure(error: Error & { modbusCode?: number }, hasStrays: boolean): CodedError {
  const exception = error.modbusCode;
  if (exception !== undefined) {
    const text = EXCEPTIONS[exception] ?? 'unknown';
    return new CodedError('edge.modbus-exception', `exception ${exception}: ${text}`, { detail: { exception } });
  }
  if (hasStrays) return new CodedError('edge.modbus-corrupt', 'bytes came, but no valid reply', { cause: error });
  return new CodedError('edge.modbus-timeout', 'no reply in time', { cause: error });
}
