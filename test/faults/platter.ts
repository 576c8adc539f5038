/** What stands on a simulated disk after a power cut: what stood there before, and of what came since what was flushed. */
import { dirname } from 'node:path';
import type { DiskRecord } from './disk-journal.ts';

/** By path within the watched folder. */
export type Platter = Map<string, Buffer>;

/**
 * What becomes of writes that nobody flushed: all of them gone, or a random part of them on the disk: any of their sectors, in
 * any order, and names up to a random one. Real disks do the second.
 */
export type Unflushed =
  | { readonly keep: 'nothing' | 'everything' }
  | { readonly keep: 'some'; readonly random: () => number };

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

type Change = Extract<DiskRecord, { kind: 'wrote' | 'resized' }>;
type Flush = Extract<DiskRecord, { kind: 'flushed' | 'lost' }>;
type NameChange = Extract<DiskRecord, { kind: 'made' | 'named' | 'unnamed' }>;
/** One file, whatever its names: as it stood before, and what was done to it since. */
type OpenFile = { readonly before: Buffer; readonly changes: Change[]; readonly isDurable: Map<Change, boolean> };

export function afterPowerCut(before: Platter, records: readonly DiskRecord[], unflushed: Unflushed): Platter {
  const files = new Map<bigint, OpenFile>();
  // Names as the process saw them, for what is opened by a name; and as they stand on the disk.
  const seen = new Map([...before].map(([name, bytes]) => [name, newFile(bytes)] as const));
  const names = new Map(seen);
  let waiting: { change: NameChange; apply: () => void }[] = [];
  const rename = (change: NameChange, apply: (names: Map<string, OpenFile>) => void) => {
    apply(seen);
    waiting.push({ change, apply: () => apply(names) });
  };
  for (const record of records) {
    switch (record.kind) {
      case 'made': {
        const made = newFile(Buffer.alloc(0));
        files.set(record.file, made);
        rename(record, (to) => to.set(record.name, made));
        break;
      }
      case 'found':
        files.set(record.file, known(seen, record.name));
        break;
      case 'wrote':
      case 'resized':
        known(files, record.file).changes.push(record);
        break;
      case 'flushed':
      case 'lost':
        settle(known(files, record.file), record);
        break;
      case 'named': {
        const file = known(seen, record.from);
        rename(record, (to) => to.set(record.name, file).delete(record.from));
        break;
      }
      case 'unnamed':
        rename(record, (to) => to.delete(record.name));
        break;
      case 'folder-flushed': {
        const isCovered = ({ change }: { change: NameChange }) =>
          folderOf(change.name) === record.folder && change.begins < record.covers;
        for (const one of waiting.filter(isCovered)) one.apply();
        waiting = waiting.filter((one) => !isCovered(one));
        break;
      }
      default:
        record satisfies never;
    }
  }
  for (const one of waiting.slice(0, someOf(waiting.length, unflushed))) one.apply();
  return new Map([...names].map(([name, file]) => [name, contentOf(file, unflushed)]));
}

/** How many of so many, all being equally likely. */
function someOf(count: number, unflushed: Unflushed): number {
  if (unflushed.keep === 'some') return Math.floor(unflushed.random() * (count + 1));
  return unflushed.keep === 'everything' ? count : 0;
}

/** Asked for each sector of a file. How much reached the disk differs from file to file, from nothing to everything. */
function chooseSectors(unflushed: Unflushed): () => boolean {
  if (unflushed.keep !== 'some') return () => unflushed.keep === 'everything';
  const share = unflushed.random();
  return () => unflushed.random() < share;
}

function newFile(before: Buffer): OpenFile {
  return { before, changes: [], isDurable: new Map() };
}

function known<K extends string | bigint>(files: ReadonlyMap<K, OpenFile>, name: K): OpenFile {
  const file = files.get(name);
  if (file === undefined) throw new Error(`the disk never heard of ${name}`);
  return file;
}

const folderOf = (name: string): string => (dirname(name) === '.' ? '' : dirname(name));

/** A flush decides once for what was written before it began. */
function settle(file: OpenFile, flush: Flush): void {
  for (const change of file.changes) {
    if (change.begins >= flush.covers) break;
    if (!file.isDurable.has(change)) file.isDurable.set(change, flush.kind === 'flushed');
  }
}

function contentOf({ before, changes, isDurable }: OpenFile, unflushed: Unflushed): Buffer {
  const content = new Content(before);
  const isKept = chooseSectors(unflushed);
  for (const change of changes) {
    const isWhole = isDurable.get(change) ?? false;
    if (change.kind === 'wrote' && isWhole) content.write(change.data, change.at);
    else if (change.kind === 'wrote') for (const part of sectors(change)) isKept() && content.write(part.data, part.at);
    else if (isWhole || isKept()) content.resize(change.length);
  }
  return content.bytes();
}

function* sectors({ at, data }: Extract<Change, { kind: 'wrote' }>): Generator<{ at: number; data: Buffer }> {
  for (let from = 0; from < data.length; ) {
    const to = Math.min(data.length, from + SECTOR_BYTES - ((at + from) % SECTOR_BYTES));
    yield { at: at + from, data: data.subarray(from, to) };
    from = to;
  }
}

/** A file's bytes while they grow; what was never written is zero. */
class Content {
  #room: Buffer;
  #length: number;

  constructor(before: Buffer) {
    this.#room = Buffer.from(before);
    this.#length = before.length;
  }

  write(data: Buffer, at: number): void {
    this.#grow(at + data.length);
    data.copy(this.#room, at);
  }

  resize(length: number): void {
    if (length < this.#length) this.#room.fill(0, length, this.#length);
    else this.#grow(length);
    this.#length = length;
  }

  bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  #grow(length: number): void {
    if (length > this.#room.length) this.#room = Buffer.concat([this.#room], Math.max(length, 2 * this.#room.length));
    this.#length = Math.max(this.#length, length);
  }
}
