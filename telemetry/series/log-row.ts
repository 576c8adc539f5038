/** One commit's readings as a row of series_log: enough to rebuild the hot window after a crash. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter } from './bytes.ts';

export type HotReading = {
  readonly series: number;
  readonly timeMs: number;
  readonly value: number;
  readonly flags: number;
};

const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Below this zstd's frame costs more than it saves. */
const WORTH_PACKING_BYTES = 120;

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
  const row = new Uint8Array(1 + body.length);
  row[0] = isPacked ? 1 : 0;
  row.set(body, 1);
  return row;
}

export function decodeLogRow(row: Uint8Array): HotReading[] {
  const reader = new ByteReader(row[0] === 1 ? zstdDecompressSync(row.subarray(1)) : row.subarray(1));
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

function sums(length: number, next: () => number): number[] {
  let sum = 0;
  return Array.from({ length }, () => {
    sum += next();
    return sum;
  });
}
