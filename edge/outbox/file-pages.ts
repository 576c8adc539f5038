/**
 * The pages of a database file as its last whole commit left them, read past SQLite: what a damaged page makes SQLite
 * refuse is a whole table, what it takes from us is that page. Format: https://www.sqlite.org/fileformat2.html
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** What SQLite makes of a new file; ours are all of this size. */
export const PAGE_BYTES = 4096;
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const WAL_MAGIC = 0x377f0682;

export type FilePages = Disposable & {
  readonly count: number;
  /** From 1 on; null where the disk gives nothing. */
  readonly page: (number: number) => Buffer | null;
};

export function openFilePages(file: string): FilePages {
  const main = openSync(file, 'r');
  const wal = existsSync(`${file}-wal`) ? openSync(`${file}-wal`, 'r') : null;
  const newest = wal === null ? { frames: new Map<number, number>(), count: 0 } : newestFrames(wal);
  const count = Math.max(newest.count, Math.floor(fstatSync(main).size / PAGE_BYTES));
  return {
    count,
    page: (number) => {
      const frameAt = newest.frames.get(number);
      if (wal !== null && frameAt !== undefined) return readAt(wal, frameAt + FRAME_HEADER_BYTES, PAGE_BYTES);
      return readAt(main, (number - 1) * PAGE_BYTES, PAGE_BYTES);
    },
    [Symbol.dispose]: () => {
      closeSync(main);
      if (wal !== null) closeSync(wal);
    },
  };
}

function readAt(fd: number, at: number, size: number): Buffer | null {
  const bytes = Buffer.alloc(size);
  try {
    return readSync(fd, bytes, 0, size, at) === size ? bytes : null;
  } catch {
    return null;
  }
}

type Frames = { readonly frames: Map<number, number>; readonly count: number };

/** Section 4 of the format: where the newest frame of each page stands, up to the last commit whose checksums all hold. */
function newestFrames(wal: number): Frames {
  const frames = new Map<number, number>();
  let count = 0;
  const header = readAt(wal, 0, WAL_HEADER_BYTES);
  if (header === null || (header.readUInt32BE(0) & ~1) >>> 0 !== WAL_MAGIC) return { frames, count };
  if (header.readUInt32BE(8) !== PAGE_BYTES) return { frames, count };
  const isBigEndian = (header.readUInt32BE(0) & 1) === 1;
  let sum = addSum([0, 0], header.subarray(0, 24), isBigEndian);
  if (!isSum(sum, header, 24)) return { frames, count };
  const pending = new Map<number, number>();
  for (let at = WAL_HEADER_BYTES; ; at += FRAME_HEADER_BYTES + PAGE_BYTES) {
    const frame = readAt(wal, at, FRAME_HEADER_BYTES + PAGE_BYTES);
    if (frame === null || !frame.subarray(8, 16).equals(header.subarray(16, 24))) return { frames, count };
    sum = addSum(sum, frame.subarray(0, 8), isBigEndian);
    sum = addSum(sum, frame.subarray(FRAME_HEADER_BYTES), isBigEndian);
    if (!isSum(sum, frame, 16)) return { frames, count };
    pending.set(frame.readUInt32BE(0), at);
    const countAfterCommit = frame.readUInt32BE(4);
    if (countAfterCommit > 0) {
      for (const [page, frameAt] of pending) frames.set(page, frameAt);
      count = countAfterCommit;
      pending.clear();
    }
  }
}

type Sum = readonly [number, number];

function addSum(start: Sum, bytes: Buffer, isBigEndian: boolean): Sum {
  let [first, second] = start;
  const word = (at: number) => (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  for (let at = 0; at < bytes.length; at += 8) {
    first = (first + word(at) + second) >>> 0;
    second = (second + word(at + 4) + first) >>> 0;
  }
  return [first, second];
}

function isSum([first, second]: Sum, bytes: Buffer, at: number): boolean {
  return bytes.readUInt32BE(at) === first && bytes.readUInt32BE(at + 4) === second;
}
