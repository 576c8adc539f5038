/** Frozen rows as compressed canonical lines: small on disk, the same bytes on every machine. */
import { deflateSync, inflateSync } from 'node:zlib';
import { canonicalJson } from '@commonworks/core/canonical-json.ts';

/** A day of 10,000 points would be some 100 MB: more is not a day of ours. */
const INFLATED_MAX_BYTES = 500_000_000;

type Row = readonly (number | string | null)[];

export function rowLines(rows: readonly Row[]): string {
  return rows.map((row) => canonicalJson(row)).join('\n');
}

export function packRows(rows: readonly Row[]): Uint8Array {
  return deflateSync(rowLines(rows), { level: 6 });
}

export function unpackRows<T extends Row>(blob: Uint8Array): T[] {
  const text = inflateSync(blob, { maxOutputLength: INFLATED_MAX_BYTES }).toString('utf8');
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as T);
}
