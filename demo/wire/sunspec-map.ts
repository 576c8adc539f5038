/** A SunSpec register map under construction: the marker, a chain of models, the end (SunSpec Device Information Model). */

export const SUNSPEC_BASE = 40_000;

/** Writes into one model; offsets count from the model's ID register, as in its definition. */
export type ModelWriter = {
  readonly u16: (offset: number, value: number) => void;
  readonly s16: (offset: number, value: number) => void;
  readonly u32: (offset: number, value: number) => void;
  readonly u64: (offset: number, value: number) => void;
  readonly text: (offset: number, registers: number, value: string) => void;
};

export type SunspecMap = {
  /** From the base on. */
  readonly bytes: Buffer;
  readonly model: (id: number) => ModelWriter;
  /** Wire address of a model's ID register. */
  readonly addressOf: (id: number) => number;
};

export type ModelShape = { readonly id: number; readonly length: number };

const MARKER = 0x53756e53;
const END = 0xffff;
/** "Not implemented" for signed and scale points; unsigned ones take 0xFFFF. */
export const ABSENT_S16 = -0x8000;
export const ABSENT_U16 = 0xffff;

/** `length` is L: the registers after the two of the header. Every point starts as not implemented (unsigned). */
export function createSunspecMap(models: readonly ModelShape[]): SunspecMap {
  const registers = 2 + models.reduce((sum, model) => sum + 2 + model.length, 0) + 2;
  const bytes = Buffer.alloc(registers * 2, 0xff);
  bytes.writeUInt32BE(MARKER, 0);
  const places = new Map<number, number>();
  let at = 2;
  for (const { id, length } of models) {
    places.set(id, at);
    bytes.writeUInt16BE(id, at * 2);
    bytes.writeUInt16BE(length, at * 2 + 2);
    at += 2 + length;
  }
  bytes.writeUInt16BE(END, at * 2);
  bytes.writeUInt16BE(0, at * 2 + 2);
  const place = (id: number) => places.get(id) ?? 0;
  return {
    bytes,
    addressOf: (id) => SUNSPEC_BASE + place(id),
    model: (id) => writer(bytes, place(id) * 2),
  };
}

function writer(bytes: Buffer, start: number): ModelWriter {
  return {
    u16: (offset, value) => void bytes.writeUInt16BE(value, start + offset * 2),
    s16: (offset, value) => void bytes.writeInt16BE(value, start + offset * 2),
    u32: (offset, value) => void bytes.writeUInt32BE(value, start + offset * 2),
    u64: (offset, value) => void bytes.writeBigUInt64BE(BigInt(value), start + offset * 2),
    text: (offset, registers, value) => {
      bytes.fill(0, start + offset * 2, start + (offset + registers) * 2);
      bytes.write(value, start + offset * 2, registers * 2, 'latin1');
    },
  };
}

/** Model 1: who made it. */
export function putCommon(model: ModelWriter, device: { maker: string; model: string; serial: string }): void {
  model.text(2, 16, device.maker);
  model.text(18, 16, device.model);
  model.text(34, 8, '');
  model.text(42, 8, '1.0.0');
  model.text(50, 16, device.serial);
  model.u16(66, 1);
}
