/** Input by name: a file, a gzipped file, or `-` for standard input. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CodedError } from '@commonworks/core';

/** Bytes of the named input; a name ending in `.gz` is unpacked. Errors surface on the stream: see `unreadable`. */
export function openBytes(name: string): Readable {
  if (name === '-') return process.stdin;
  const file = createReadStream(name);
  if (!name.endsWith('.gz')) return file;
  const unpacked = createGunzip();
  file.on('error', (error) => unpacked.destroy(error));
  return file.pipe(unpacked);
}

/** A file that cannot be read is the world's failure: coded, with its cause. Anything else is passed on. */
export function unreadable(name: string, error: unknown): unknown {
  const isOfSystem = error instanceof Error && 'code' in error && /^(E[A-Z]+|Z_[A-Z_]+)$/.test(String(error.code));
  if (!isOfSystem) return error;
  return new CodedError('cli.file-unreadable', `cannot read ${name}: ${error.message}`, { cause: error });
}
