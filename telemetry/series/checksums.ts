/** Checksums of what holds readings: a disk that changes a byte must not change a value. CRC-32 finds what happens by chance. */
import { crc32 } from 'node:zlib';
import { CodedError } from '@commonworks/core';

/** Of a chunk's block, and of where it belongs: a row under another key is damage, too. */
export function blockCheck(key: number, body: Uint8Array): number {
  return crc32(body, crc32(Float64Array.of(key)));
}

/** Of the newest reading beside a chunk's block: time, value, flags. */
export function lastCheck(key: number, last: readonly number[]): number {
  return crc32(Float64Array.of(key, ...last));
}

/**
 * Null is a row of an earlier version, which says nothing.
 * @throws CodedError `telemetry.chunk-corrupt`.
 */
export function assertCheck(told: unknown, actual: number): void {
  if (told === null || told === undefined || told === actual) return;
  throw new CodedError('telemetry.chunk-corrupt', 'a block of readings is not what was written');
}
