/** A Modbus slave's application layer: requests against register images (Modbus Application Protocol V1.1b3). */

/** Section 7 of the protocol. */
export const EXCEPTION = { function: 1, address: 2, value: 3, failure: 4, noReply: 0x0b } as const;

/** Consecutive registers, two bytes each, beginning at `start`. */
export type Image = { readonly start: number; readonly bytes: Buffer };

export type ModbusUnit = {
  readonly device: string;
  /** Most registers one request may ask for. */
  readonly readMax: number;
  /** Fresh for the present instant; `isGlitch` spoils the counters. */
  readonly input?: (isGlitch: boolean) => Image;
  readonly holding?: (isGlitch: boolean) => Image;
  readonly coils?: () => readonly boolean[];
  /** Null when written, else an exception code. */
  readonly writeRegisters?: (address: number, values: readonly number[]) => number | null;
  readonly writeCoil?: (address: number, isOn: boolean) => number | null;
};

/** A request PDU (function code first) to its reply PDU. */
export function answer(unit: ModbusUnit, request: Buffer, isGlitch = false): Buffer {
  const code = request[0] ?? 0;
  if (request.length < 5) return exception(code, EXCEPTION.value);
  const address = request.readUInt16BE(1);
  const word = request.readUInt16BE(3);
  switch (code) {
    case 1:
      return readCoils(unit.coils?.() ?? null, address, word);
    case 3:
      return readRegisters(code, unit, { image: unit.holding?.(isGlitch), address, count: word });
    case 4:
      return readRegisters(code, unit, { image: unit.input?.(isGlitch), address, count: word });
    case 5: {
      if (word !== 0 && word !== 0xff00) return exception(code, EXCEPTION.value);
      return written(request, unit.writeCoil ? unit.writeCoil(address, word === 0xff00) : EXCEPTION.function);
    }
    case 6:
      return written(request, unit.writeRegisters ? unit.writeRegisters(address, [word]) : EXCEPTION.function);
    case 16:
      return writeMultiple(unit, request, { address, count: word });
    default:
      return exception(code, EXCEPTION.function);
  }
}

export function exception(code: number, reason: number): Buffer {
  return Buffer.from([code | 0x80, reason]);
}

type Range = { readonly address: number; readonly count: number };

function readRegisters(code: number, unit: ModbusUnit, range: Range & { image: Image | undefined }): Buffer {
  const { image, address, count } = range;
  if (image === undefined) return exception(code, EXCEPTION.function);
  if (count < 1 || count > unit.readMax) return exception(code, EXCEPTION.value);
  const from = (address - image.start) * 2;
  if (from < 0 || from + count * 2 > image.bytes.length) return exception(code, EXCEPTION.address);
  return Buffer.concat([Buffer.from([code, count * 2]), image.bytes.subarray(from, from + count * 2)]);
}

function readCoils(coils: readonly boolean[] | null, address: number, count: number): Buffer {
  if (coils === null) return exception(1, EXCEPTION.function);
  if (count < 1 || count > 2000) return exception(1, EXCEPTION.value);
  if (address + count > coils.length) return exception(1, EXCEPTION.address);
  const bytes = Buffer.alloc(Math.ceil(count / 8));
  for (let n = 0; n < count; n++) {
    if (coils[address + n]) bytes[n >> 3] = (bytes[n >> 3] ?? 0) | (1 << (n & 7));
  }
  return Buffer.concat([Buffer.from([1, bytes.length]), bytes]);
}

function writeMultiple(unit: ModbusUnit, request: Buffer, { address, count }: Range): Buffer {
  if (count < 1 || count > 123 || request[5] !== count * 2 || request.length !== 6 + count * 2) {
    return exception(16, EXCEPTION.value);
  }
  const values = Array.from({ length: count }, (_, n) => request.readUInt16BE(6 + n * 2));
  return written(request, unit.writeRegisters ? unit.writeRegisters(address, values) : EXCEPTION.function);
}

/** A write is answered by its first five bytes. */
function written(request: Buffer, refusal: number | null): Buffer {
  return refusal === null ? Buffer.from(request.subarray(0, 5)) : exception(request[0] ?? 0, refusal);
}
