/** The rows on the leaves of a database file's tables, whatever else of the file is damaged (https://www.sqlite.org/fileformat2.html). */
import { type FilePages, PAGE_BYTES } from './file-pages.ts';

export type StoredValue = null | number | string | Uint8Array;
/** `rowid` is the value of an INTEGER PRIMARY KEY, which stands as null among `values`. */
export type StoredRow = { readonly rowid: number; readonly values: readonly StoredValue[] };

const TABLE_LEAF = 0x0d;
const FIRST_PAGE_HEADER_BYTES = 100;
/** A pack has 64 kB, a command 16; a length beyond this is damage. */
const ROW_BYTES_MAX = 1_000_000;
/** Section 1.6: how much of a row stands on the leaf before it goes on elsewhere. */
const LOCAL_MAX = PAGE_BYTES - 35;
const LOCAL_MIN = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;

/** Leaves that are no longer in use are left out as far as the list of free pages can be read. */
export function* storedRows(pages: FilePages): Generator<StoredRow> {
  const free = freePages(pages);
  for (let number = 1; number <= pages.count; number++) {
    const page = free.has(number) ? null : pages.page(number);
    const header = number === 1 ? FIRST_PAGE_HEADER_BYTES : 0;
    if (page === null || page[header] !== TABLE_LEAF) continue;
    const cells = Math.min(page.readUInt16BE(header + 3), PAGE_BYTES / 4);
    for (let cell = 0; cell < cells; cell++) {
      const pointerAt = header + 8 + 2 * cell;
      const row = pointerAt + 2 > PAGE_BYTES ? null : readCell(pages, page, page.readUInt16BE(pointerAt));
      if (row !== null) yield row;
    }
  }
}

function freePages(pages: FilePages): Set<number> {
  const free = new Set<number>();
  let trunk = pages.page(1)?.readUInt32BE(32) ?? 0;
  while (trunk > 0 && trunk <= pages.count && !free.has(trunk)) {
    free.add(trunk);
    const page = pages.page(trunk);
    const leaves = Math.min(page?.readUInt32BE(4) ?? 0, PAGE_BYTES / 4 - 2);
    for (let leaf = 0; leaf < leaves; leaf++) free.add(page?.readUInt32BE(8 + 4 * leaf) ?? 0);
    trunk = page?.readUInt32BE(0) ?? 0;
  }
  return free;
}

/** Null for a cell that cannot be one. */
function readCell(pages: FilePages, page: Buffer, at: number): StoredRow | null {
  try {
    const size = varint(page, at);
    const rowid = varint(page, size.next);
    if (size.value < 2 || size.value > ROW_BYTES_MAX || !Number.isSafeInteger(rowid.value)) return null;
    const record = readPayload(pages, page.subarray(rowid.next), size.value);
    return record === null ? null : { rowid: rowid.value, values: readRecord(record) };
  } catch (error) {
    // A length or a place beyond the page: damage.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function readPayload(pages: FilePages, rest: Buffer, size: number): Buffer | null {
  const spread = LOCAL_MIN + ((size - LOCAL_MIN) % (PAGE_BYTES - 4));
  const local = size <= LOCAL_MAX ? size : spread <= LOCAL_MAX ? spread : LOCAL_MIN;
  if (rest.length < local) return null;
  const parts = [rest.subarray(0, local)];
  let next = size > local ? rest.readUInt32BE(local) : 0;
  for (let left = size - local; left > 0; left -= PAGE_BYTES - 4) {
    const page = next > 0 && next <= pages.count ? pages.page(next) : null;
    if (page === null) return null;
    parts.push(page.subarray(4, 4 + Math.min(left, PAGE_BYTES - 4)));
    next = page.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

/** Section 2.1. */
function readRecord(record: Buffer): StoredValue[] {
  const header = varint(record, 0);
  const values: StoredValue[] = [];
  let at = header.value;
  for (let typeAt = header.next; typeAt < header.value; ) {
    const type = varint(record, typeAt);
    typeAt = type.next;
    const { value, size } = readValue(record, at, type.value);
    values.push(value);
    at += size;
  }
  return values;
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

function readValue(record: Buffer, at: number, type: number): { value: StoredValue; size: number } {
  if (type === 0) return { value: null, size: 0 };
  if (type === 8 || type === 9) return { value: type - 8, size: 0 };
  if (type === 7) return { value: record.readDoubleBE(at), size: 8 };
  const integer = INTEGER_BYTES[type];
  if (integer === 8) return { value: Number(record.readBigInt64BE(at)), size: 8 };
  if (integer !== undefined) return { value: record.readIntBE(at, integer), size: integer };
  if (type < 12) throw new RangeError(`no value has type ${type}`);
  const size = (type - (type % 2 === 0 ? 12 : 13)) / 2;
  if (at + size > record.length) throw new RangeError('a value ends beyond its row');
  const bytes = record.subarray(at, at + size);
  return { value: type % 2 === 0 ? Uint8Array.from(bytes) : bytes.toString('utf8'), size };
}

function varint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes.readUInt8(at + i);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  return { value: value * 256 + bytes.readUInt8(at + 8), next: at + 9 };
}
