/** Output that is there whole or not at all: written beside its name, synced, then renamed over it. */
import { open, rename, rm } from 'node:fs/promises';
import { CodedError } from '@commonworks/core';

/** Joined before writing: fewer, larger writes. */
const CHUNK_CHARACTERS = 1 << 16;

/** @throws CodedError `cli.file-unwritable`; the file of that name, if any, is then as it was. */
export async function writeWhole(name: string, lines: Iterable<string>): Promise<void> {
  if (name === '-') {
    for (const chunk of chunksOf(lines)) await writeOut(chunk);
    return;
  }
  const beside = `${name}.${process.pid}.part`;
  try {
    const file = await open(beside, 'w');
    try {
      for (const chunk of chunksOf(lines)) await file.write(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, name);
  } catch (cause) {
    await rm(beside, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError('cli.file-unwritable', `cannot write ${name}: ${reason}`, { cause });
  }
}

function* chunksOf(lines: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function writeOut(chunk: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

/** A cell as RFC 4180 writes it: quoted only when it must be. */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
