/** Finds packs in the raw pages of a database file or its write-ahead log, whatever became of what leads to them. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { type ProvenRow, readRow, type SourceOf } from './row-check.ts';

/** SQLite file format, https://www.sqlite.org/fileformat2.html: 1.3 the header, 1.6 b-tree pages, 2.1 records, 4.1 the WAL. */
const FILE_HEADER = 100;
const TABLE_LEAF = 0x0d;
const LEAF_HEADER = 8;
const WAL_HEADER = 32;
const FRAME_HEADER = 24;
const PAGE_BYTES = 4096;
const CELLS_MAX = 1000;
const PAYLOAD_MAX = 16_777_216;
/** cursor (null: the row's own number), source, seq, received_ms, hash, compression, body, and what was added since. */
const COLUMNS = ['cursor', 'source', 'seq', 'received_ms', 'hash', 'compression', 'body', 'hub_untrusted', 'row_check'];
const COLUMNS_MIN = 7;

/**
 * A row of the log proves itself and never changes, so that any page that holds one will do: also of an old frame, or one
 * that no other page leads to any more. Only proven rows are given; the same one may come more than once.
 */
export function* scanPages(path: string, sourceOf: SourceOf): Generator<ProvenRow, void> {
  const database = Pages.open(path, { header: 0, frame: 0 });
  const log = Pages.open(`${path}-wal`, { header: WAL_HEADER, frame: FRAME_HEADER });
  try {
    for (const pages of [database, log]) {
      for (let number = 1; number <= (pages?.count ?? 0); number++) {
        const page = pages?.read(number) ?? null;
        if (page === null) continue;
        const overflow = (next: number) => log?.newest(next) ?? database?.read(next) ?? null;
        yield* packsOf(page, { at: pages === database && number === 1 ? FILE_HEADER : 0, overflow, sourceOf });
      }
    }
  } finally {
    database?.close();
    log?.close();
  }
}

/** The pages of a file, by their number; of a write-ahead log by the place of their frame. */
class Pages {
  readonly #file: number;
  readonly #head: { header: number; frame: number };
  readonly count: number;
  #places: Map<number, number> | null = null;

  private constructor(file: number, head: { header: number; frame: number }) {
    this.#file = file;
    this.#head = head;
    this.count = Math.ceil((fstatSync(file).size - head.header) / (PAGE_BYTES + head.frame));
  }

  static open(path: string, head: { header: number; frame: number }): Pages | null {
    return existsSync(path) ? new Pages(openSync(path, 'r'), head) : null;
  }

  /** A page that is cut short ends in zeros; null beyond the end. */
  read(number: number): Buffer | null {
    const page = Buffer.alloc(PAGE_BYTES);
    const bytes = readSync(this.#file, page, 0, PAGE_BYTES, this.#at(number) + this.#head.frame);
    return bytes === 0 ? null : page;
  }

  /** Of a write-ahead log: the last frame of a database's page. */
  newest(page: number): Buffer | null {
    this.#places ??= this.#framesByPage();
    const frame = this.#places.get(page);
    return frame === undefined ? null : this.read(frame);
  }

  close(): void {
    closeSync(this.#file);
  }

  #at(number: number): number {
    return this.#head.header + (number - 1) * (PAGE_BYTES + this.#head.frame);
  }

  #framesByPage(): Map<number, number> {
    const places = new Map<number, number>();
    const head = Buffer.alloc(4);
    for (let frame = 1; frame <= this.count; frame++) {
      if (readSync(this.#file, head, 0, 4, this.#at(frame)) === 4) places.set(head.readUInt32BE(0), frame);
    }
    return places;
  }
}

type Reading = {
  readonly at: number;
  readonly overflow: (page: number) => Buffer | null;
  readonly sourceOf: SourceOf;
};

function* packsOf(page: Buffer, { at, overflow, sourceOf }: Reading): Generator<ProvenRow, void> {
  if (page[at] !== TABLE_LEAF) return;
  const cells = Math.min(page.readUInt16BE(at + 3), CELLS_MAX);
  for (let k = 0; k < cells; k++) {
    const place = at + LEAF_HEADER + 2 * k;
    if (place + 2 > PAGE_BYTES) return;
    const row = rowAt(page, page.readUInt16BE(place), overflow);
    const verdict = row === null ? null : readRow(row, sourceOf);
    if (row === null || verdict === null || !verdict.ok) continue;
    yield verdict;
  }
}

function rowAt(page: Buffer, start: number, overflow: Reading['overflow']): Record<string, unknown> | null {
  try {
    const size = varint(page, start);
    const rowid = varint(page, size.next);
    if (size.value > PAYLOAD_MAX) return null;
    const payload = payloadAt(page, { start: rowid.next, size: size.value }, overflow);
    return payload === null ? null : record(payload, rowid.value);
  } catch {
    // Numbers that lead out of the page: no row of ours.
    return null;
  }
}

/** What does not fit into a leaf goes on in a chain of overflow pages (1.6, "cell payload overflow pages"). */
function payloadAt(
  page: Buffer,
  { start, size }: { start: number; size: number },
  overflow: Reading['overflow'],
): Buffer | null {
  const localMax = PAGE_BYTES - 35;
  if (size <= localMax) return start + size <= PAGE_BYTES ? page.subarray(start, start + size) : null;
  const localMin = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
  const first = localMin + ((size - localMin) % (PAGE_BYTES - 4));
  const local = first <= localMax ? first : localMin;
  const parts = [page.subarray(start, start + local)];
  let left = size - local;
  for (let next = page.readUInt32BE(start + local); left > 0; ) {
    const more = next === 0 ? null : overflow(next);
    if (more === null) return null;
    parts.push(more.subarray(4, 4 + Math.min(left, PAGE_BYTES - 4)));
    left -= PAGE_BYTES - 4;
    next = more.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

/** 2.1: a header of serial types, then the values. */
function record(payload: Buffer, rowid: number): Record<string, unknown> | null {
  const header = varint(payload, 0);
  const types: number[] = [];
  for (let at = header.next; at < header.value; ) {
    const type = varint(payload, at);
    types.push(type.value);
    at = type.next;
  }
  if (types.length < COLUMNS_MIN || types.length > COLUMNS.length) return null;
  const row: Record<string, unknown> = {};
  let at = header.value;
  for (const [k, name] of COLUMNS.entries()) {
    const type = types[k] ?? 0;
    row[name] = readValue(payload, at, type);
    at += bytesOf(type);
  }
  return { ...row, cursor: rowid };
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

function bytesOf(type: number): number {
  return type < 12 ? (INTEGER_BYTES[type] ?? 0) : Math.floor((type - 12) / 2);
}

function readValue(payload: Buffer, at: number, type: number): unknown {
  if (type === 0) return null;
  if (type === 8 || type === 9) return type - 8;
  if (type === 6) return Number(payload.readBigInt64BE(at));
  if (type <= 5) return payload.readIntBE(at, bytesOf(type));
  if (type < 12) return null;
  const bytes = payload.subarray(at, at + bytesOf(type));
  return type % 2 === 0 ? new Uint8Array(bytes) : bytes.toString('utf8');
}

/** 1.6: seven bits a byte, the ninth byte whole; beyond 2^53 it is no number of ours. */
function varint(bytes: Buffer, start: number): { value: number; next: number } {
  let value = 0;
  for (let k = 0; k < 8; k++) {
    const byte = bytes.readUInt8(start + k);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: start + k + 1 };
  }
  return { value: value * 256 + bytes.readUInt8(start + 8), next: start + 9 };
}
