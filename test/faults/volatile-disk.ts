/** A simulated disk under one folder: what a process did not flush is gone, or partly there, when the power fails. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDiskJournal } from './disk-journal.ts';
import { afterPowerCut, type Platter, type Unflushed } from './platter.ts';

/** In the order of `enum slot`. */
const SLOTS = [
  'events',
  'writes',
  'flushes',
  'checkpointWrites',
  'cutAtEvent',
  'cutAtCheckpointWrite',
  'failWritesFrom',
  'writeErrno',
  'failFlushesFrom',
  'flushErrno',
  'flushMicros',
  'hasFailed',
  'failCheckpoints',
] as const;
type Slot = (typeof SLOTS)[number];

const FAULTS = ['cutAtEvent', 'cutAtCheckpointWrite', 'failWritesFrom', 'failFlushesFrom', 'failCheckpoints'] as const;
const ERRNO = { EIO: 5, ENOSPC: 28 } as const;

export type DiskFault = {
  /** `writes` fails writing (a full or failing disk), `flushes` only flushing. */
  readonly of: 'writes' | 'flushes';
  readonly errno: keyof typeof ERRNO;
  /** This many succeed before; 0: the next one fails. */
  readonly after: number;
};

export type VolatileDisk = {
  /** Given to the one process that writes into the folder. */
  readonly env: Readonly<Record<string, string>>;
  /** So far: every step at which the power may fail, and what a checkpoint wrote into a database. */
  readonly read: (slot: Extract<Slot, 'events' | 'writes' | 'flushes' | 'checkpointWrites'>) => number;
  /** The process is killed at its n-th step from now on, or at the n-th write of a checkpoint; whatever comes first. */
  readonly cutIn: (steps: { readonly events?: number; readonly checkpointWrites?: number }) => void;
  /** The power failed at a step that `cutIn` named, since the last `cutPower`. */
  readonly hasFailed: () => boolean;
  readonly fail: (fault: DiskFault) => void;
  /** From now on what a checkpoint wrote into a database cannot be flushed; its log can. */
  readonly failCheckpoints: () => void;
  /** Writes and flushes succeed again, and no cut is due. */
  readonly heal: () => void;
  /** The process is dead, or has ended: the folder becomes what the disk holds, and the next process may begin. */
  readonly cutPower: (unflushed: Unflushed) => void;
  readonly close: () => void;
};

/** Compiles the library that the process is started with; the tests' setup installs gcc. */
export function compileVolatileDisk(folder: string): string {
  if (!existsSync('/usr/bin/gcc')) throw new Error('missing: apt-get install gcc libc6-dev');
  const library = join(folder, 'volatile-disk.so');
  const source = fileURLToPath(new URL('volatile-disk.c', import.meta.url));
  execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread']);
  return library;
}

/** `folder` is what the disk holds, as it stands now; `aside` is a folder outside of it. */
export function createVolatileDisk(
  { folder, aside, library }: { readonly folder: string; readonly aside: string; readonly library: string },
  options: { readonly flushMicros?: number } = {},
): VolatileDisk {
  mkdirSync(folder, { recursive: true });
  const files = { journal: join(aside, 'disk-journal'), control: join(aside, 'disk-control') };
  writeFileSync(files.journal, '');
  writeFileSync(files.control, Buffer.alloc(8 * SLOTS.length));
  const control = openSync(files.control, 'r+');
  const read = (slot: Slot): number => {
    const bytes = Buffer.alloc(8);
    readSync(control, bytes, 0, 8, 8 * SLOTS.indexOf(slot));
    return Number(bytes.readBigInt64LE());
  };
  const set = (slot: Slot, value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    writeSync(control, bytes, 0, 8, 8 * SLOTS.indexOf(slot));
  };
  set('flushMicros', options.flushMicros ?? 0);
  let platter = readFolder(folder);
  const heal = () => {
    for (const fault of FAULTS) set(fault, 0);
  };
  return {
    env: {
      LD_PRELOAD: library,
      VOLATILE_DISK: folder,
      VOLATILE_DISK_JOURNAL: files.journal,
      VOLATILE_DISK_CONTROL: files.control,
    },
    read,
    cutIn: ({ events, checkpointWrites }) => {
      if (events !== undefined) set('cutAtEvent', read('events') + events);
      if (checkpointWrites !== undefined) set('cutAtCheckpointWrite', read('checkpointWrites') + checkpointWrites);
    },
    fail: ({ of, errno, after }) => {
      const [from, name] =
        of === 'writes' ? (['failWritesFrom', 'writeErrno'] as const) : (['failFlushesFrom', 'flushErrno'] as const);
      set(name, ERRNO[errno]);
      set(from, read(of) + after + 1);
    },
    failCheckpoints: () => {
      set('flushErrno', ERRNO.EIO);
      set('failCheckpoints', 1);
    },
    hasFailed: () => read('hasFailed') === 1,
    heal,
    cutPower: (unflushed) => {
      heal();
      set('hasFailed', 0);
      platter = afterPowerCut(platter, readDiskJournal(readFileSync(files.journal)), unflushed);
      writeFolder(folder, platter);
      truncateSync(files.journal, 0);
    },
    close: () => closeSync(control),
  };
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [relative(folder, join(entry.parentPath, entry.name))] : []));
}

function readFolder(folder: string): Platter {
  return new Map(filesIn(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

/** Exactly these files: what SQLite shares as memory goes too. */
function writeFolder(folder: string, platter: Platter): void {
  for (const name of filesIn(folder)) if (!platter.has(name)) rmSync(join(folder, name));
  for (const [name, bytes] of platter) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}
