/** A column to the bytes of a chunk row and back: exact to the last bit, about five bytes a reading. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CodedError } from '@commonworks/core';
import { ByteReader, ByteWriter } from './bytes.ts';
import { Column } from './column.ts';

const FORMAT = 1;
const ZSTD = 1;
const FLOATS = 2;
const SCALES = [1, 10, 100, 1000, 10_000];
/** The difference of two scaled values stays within a varint's 2^52. */
const SCALED_MAX = 2 ** 51;
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
const COUNT_MAX = 10_000_000;

/**
 * Layout: format, flags, exponent of the decimal scale; then, compressed when that is shorter: count, times as deltas
 * of deltas, flags as runs, values as deltas of scaled integers, or as the eight byte planes of their doubles.
 */
export function encodeColumn(column: Column): Uint8Array {
  const { times, values, flags, length } = column;
  const body = new ByteWriter();
  body.varint(length);
  writeTimes(body, times, length);
  writeRuns(body, flags, length);
  const exponent = SCALES.findIndex((scale) => isExact(values, length, scale));
  if (exponent >= 0) writeScaled(body, values, { length, scale: SCALES[exponent] ?? 1 });
  else writePlanes(body, values, length);
  const plain = body.view();
  const packed = zstdCompressSync(plain, LEVEL);
  const isPacked = packed.length < plain.length;
  const chosen = isPacked ? packed : plain;
  const chunk = new Uint8Array(3 + chosen.length);
  chunk.set([FORMAT, (isPacked ? ZSTD : 0) | (exponent < 0 ? FLOATS : 0), Math.max(exponent, 0)]);
  chunk.set(chosen, 3);
  return chunk;
}

/** @throws CodedError `telemetry.chunk-corrupt`. */
export function decodeColumn(chunk: Uint8Array): Column {
  const [format, kind = 0, exponent = 0] = chunk;
  if (format !== FORMAT) throw new CodedError('telemetry.chunk-corrupt', `a block of readings has format ${format}`);
  const reader = new ByteReader(kind & ZSTD ? inflate(chunk.subarray(3)) : chunk.subarray(3));
  const length = reader.varint();
  if (length < 0 || length > COUNT_MAX) throw new CodedError('telemetry.chunk-corrupt', 'a block has no valid count');
  const times = readTimes(reader, length);
  const flags = readRuns(reader, length);
  const values = kind & FLOATS ? readPlanes(reader, length) : readScaled(reader, length, SCALES[exponent] ?? 1);
  return Column.of(times, values, flags);
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: 256 * 2 ** 20 });
  } catch (cause) {
    throw new CodedError('telemetry.chunk-corrupt', 'a block of readings cannot be decompressed', { cause });
  }
}

function writeTimes(out: ByteWriter, times: Float64Array, length: number): void {
  let previous = 0;
  let step = 0;
  for (let i = 0; i < length; i++) {
    const delta = (times[i] ?? 0) - previous;
    out.varint(delta - step);
    step = delta;
    previous += delta;
  }
}

function readTimes(reader: ByteReader, length: number): Float64Array<ArrayBuffer> {
  const times = new Float64Array(length);
  let previous = 0;
  let step = 0;
  for (let i = 0; i < length; i++) {
    step += reader.varint();
    previous += step;
    times[i] = previous;
  }
  return times;
}

function writeRuns(out: ByteWriter, flags: Uint8Array, length: number): void {
  for (let i = 0; i < length; ) {
    let end = i + 1;
    while (end < length && flags[end] === flags[i]) end++;
    out.byte(flags[i] ?? 0);
    out.varint(end - i);
    i = end;
  }
}

function readRuns(reader: ByteReader, length: number): Uint8Array<ArrayBuffer> {
  const flags = new Uint8Array(length);
  for (let i = 0; i < length; ) {
    const flag = reader.byte();
    const run = reader.varint();
    if (run < 1 || i + run > length) throw new CodedError('telemetry.chunk-corrupt', 'the runs of a block do not fit');
    flags.fill(flag, i, i + run);
    i += run;
  }
  return flags;
}

/** Whether scaling, rounding and dividing again gives back every value, bit for bit. */
function isExact(values: Float64Array, length: number, scale: number): boolean {
  for (let i = 0; i < length; i++) {
    const value = values[i] ?? 0;
    // A scaled integer has no sign of zero.
    if (Object.is(value, -0)) return false;
    const scaled = Math.round(value * scale);
    if (!(Math.abs(scaled) <= SCALED_MAX) || !Object.is(scaled / scale, value)) return false;
  }
  return true;
}

function writeScaled(out: ByteWriter, values: Float64Array, form: { length: number; scale: number }): void {
  let previous = 0;
  for (let i = 0; i < form.length; i++) {
    const scaled = Math.round((values[i] ?? 0) * form.scale);
    out.varint(scaled - previous);
    previous = scaled;
  }
}

function readScaled(reader: ByteReader, length: number, scale: number): Float64Array<ArrayBuffer> {
  const values = new Float64Array(length);
  let previous = 0;
  for (let i = 0; i < length; i++) {
    previous += reader.varint();
    values[i] = previous / scale;
  }
  return values;
}

/** Bytes of equal weight side by side: signs and exponents repeat, and compress. */
function writePlanes(out: ByteWriter, values: Float64Array, length: number): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, length * 8);
  const planes = new Uint8Array(length * 8);
  for (let plane = 0, to = 0; plane < 8; plane++) {
    for (let i = 0; i < length; i++) planes[to++] = bytes[i * 8 + plane] ?? 0;
  }
  out.raw(planes);
}

function readPlanes(reader: ByteReader, length: number): Float64Array<ArrayBuffer> {
  const planes = reader.raw(length * 8);
  const values = new Float64Array(length);
  const bytes = new Uint8Array(values.buffer);
  for (let plane = 0, from = 0; plane < 8; plane++) {
    for (let i = 0; i < length; i++) bytes[i * 8 + plane] = planes[from++] ?? 0;
  }
  return values;
}
