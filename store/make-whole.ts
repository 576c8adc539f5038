/** A file that is there whole or not at all, also when the power fails while it is made. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** `make` writes a file of the name it is given. On return its bytes and its own name are on disk. */
export function makeWhole(file: string, make: (unfinished: string) => void): void {
  const unfinished = `${file}.unfinished`;
  rmSync(unfinished, { force: true });
  make(unfinished);
  flush(unfinished);
  renameSync(unfinished, file);
  // A name is on disk when its folder is.
  flush(dirname(file));
}

function flush(path: string): void {
  const opened = openSync(path, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}
