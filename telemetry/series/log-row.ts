/** One commit's readings as a row of series_log: enough to rebuild the hot window after a crash. */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CodedError } from '@commonworks/core';
import { ByteReader, ByteWriter } from './bytes.ts';
import { assertCheck } from './checksums.ts';

export type HotReading = {
  readonly series: number;
  readonly timeMs: number;
  readonly value: number;
  readonly flags: number;
};

const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Below this zstd's frame costs more than it saves. */
const WORTH_PACKING_BYTES = 120;
/** The first byte; then the CRC-32 of what follows it. 0 and 1 are the same without one, of earlier versions. */
const [CHECKED_PLAIN, CHECKED_PACKED] = [2, 3];
const CHECKED_HEAD_BYTES = 5;

/** Columns one after another, each as differences: equal neighbours become zeros, which compress. */
export function encodeLogRow(readings: readonly HotReading[]): Uint8Array {
  const out = new ByteWriter();
  out.varint(readings.length);
  let series = 0;
  for (const reading of readings) {
    out.varint(reading.series - series);
    series = reading.series;
  }
  let timeMs = 0;
  for (const reading of readings) {
    out.varint(reading.timeMs - timeMs);
    timeMs = reading.timeMs;
  }
  for (const reading of readings) out.byte(reading.flags);
  out.raw(new Uint8Array(Float64Array.from(readings, (reading) => reading.value).buffer));
  const plain = out.view();
  const isPacked = plain.length >= WORTH_PACKING_BYTES;
  const body = isPacked ? zstdCompressSync(plain, FAST) : plain;
  const row = Buffer.alloc(CHECKED_HEAD_BYTES + body.length);
  row[0] = isPacked ? CHECKED_PACKED : CHECKED_PLAIN;
  row.writeUInt32LE(crc32(body), 1);
  row.set(body, CHECKED_HEAD_BYTES);
  return row;
}

/** @throws CodedError `telemetry.chunk-corrupt`. */
export function decodeLogRow(row: Uint8Array): HotReading[] {
  const reader = new ByteReader(plainOf(row));
  const length = reader.varint();
  const series = sums(length, () => reader.varint());
  const times = sums(length, () => reader.varint());
  const flags = Array.from({ length }, () => reader.byte());
  const values = new Float64Array(length);
  new Uint8Array(values.buffer).set(reader.raw(length * 8));
  return times.map((timeMs, i) => ({
    series: series[i] ?? 0,
    timeMs,
    value: values[i] ?? 0,
    flags: flags[i] ?? 0,
  }));
}

function plainOf(row: Uint8Array): Uint8Array {
  const format = row[0] ?? 0;
  const isChecked = format === CHECKED_PLAIN || format === CHECKED_PACKED;
  if (!isChecked && format > 1) throw new CodedError('telemetry.chunk-corrupt', `readings of format ${format}`);
  const body = row.subarray(isChecked ? CHECKED_HEAD_BYTES : 1);
  if (isChecked) assertCheck(Buffer.from(row.buffer, row.byteOffset).readUInt32LE(1), crc32(body));
  return format === 1 || format === CHECKED_PACKED ? zstdDecompressSync(body) : body;
}

function sums(length: number, next: () => number): number[] {
  let sum = 0;
  return Array.from({ length }, () => {
    sum += next();
    return sum;
  });
}
