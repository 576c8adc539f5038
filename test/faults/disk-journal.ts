/** What volatile-disk.c recorded, as a list: every write, change of length, flush and change of a name, in their order. */

type At = {
  /** Bytes of the journal before this record: flushes say by it what they cover. */
  readonly begins: number;
  /** Bytes of the journal once it stands there. */
  readonly ends: number;
};

export type DiskRecord = At &
  (
    | { readonly kind: 'made'; readonly file: bigint; readonly name: string }
    | { readonly kind: 'found'; readonly file: bigint; readonly name: string }
    | { readonly kind: 'wrote'; readonly file: bigint; readonly at: number; readonly data: Buffer }
    | { readonly kind: 'resized'; readonly file: bigint; readonly length: number }
    /** `covers`: what the journal held when the flush began. `lost`: it failed, and nobody will write that again. */
    | { readonly kind: 'flushed'; readonly file: bigint; readonly covers: number }
    | { readonly kind: 'lost'; readonly file: bigint; readonly covers: number }
    | { readonly kind: 'named'; readonly from: string; readonly name: string }
    | { readonly kind: 'unnamed'; readonly name: string }
    | { readonly kind: 'folder-flushed'; readonly folder: string; readonly covers: number }
  );

const HEAD_BYTES = 32;

/**
 * A last record that is not whole is left out: another thread was writing it down when the power failed, and had not begun to do it.
 * @throws when the process did what the simulated disk cannot see.
 */
export function readDiskJournal(journal: Buffer): DiskRecord[] {
  const records: DiskRecord[] = [];
  for (let begins = 0; begins + HEAD_BYTES <= journal.length; ) {
    const nameBytes = journal.readUInt32LE(begins + 4);
    const dataBytes = Number(journal.readBigUInt64LE(begins + 24));
    const named = begins + HEAD_BYTES;
    const ends = named + nameBytes + dataBytes;
    if (ends > journal.length) break;
    const name = journal.toString('utf8', named, named + nameBytes);
    const data = journal.subarray(named + nameBytes, ends);
    const head = { file: journal.readBigUInt64LE(begins + 8), at: Number(journal.readBigUInt64LE(begins + 16)) };
    records.push({ begins, ends, ...recordOf(journal.readUInt32LE(begins), { ...head, name, data }) });
    begins = ends;
  }
  return records;
}

type Head = { readonly file: bigint; readonly at: number; readonly name: string; readonly data: Buffer };
type WithoutPlace<T> = T extends At ? Omit<T, keyof At> : never;

/** The numbers are those of `enum kind`. */
function recordOf(kind: number, { file, at, name, data }: Head): WithoutPlace<DiskRecord> {
  if (kind === 1) return { kind: 'made', file, name };
  if (kind === 2) return { kind: 'found', file, name };
  if (kind === 3) return { kind: 'wrote', file, at, data };
  if (kind === 4) return { kind: 'resized', file, length: at };
  if (kind === 5) return { kind: 'flushed', file, covers: at };
  if (kind === 6) return { kind: 'lost', file, covers: at };
  if (kind === 7) return { kind: 'named', from: data.toString('utf8'), name };
  if (kind === 8) return { kind: 'unnamed', name };
  if (kind === 9) return { kind: 'folder-flushed', folder: name, covers: at };
  throw new Error(`the simulated disk cannot see what the process did: ${name}`);
}
