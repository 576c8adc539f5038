/** What a failing disk is called: full, not ours to write, not ours to read; and whether there is room before we begin. */
import { readdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { CodedError, type ErrorCode } from '@commonworks/core';
import { resultCode, storeFault } from '@commonworks/store/store-fault.ts';

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const FORBIDDEN = ['EACCES', 'EPERM', 'EROFS'];
const SQLITE_FULL = 13;
/** Beyond the files themselves: folders, and the manifest. */
const MARGIN_BYTES = 4_000_000;

/** The error itself where it says already what to do. */
export function diskFault(error: unknown, { place, otherwise }: { place: string; otherwise: ErrorCode }): CodedError {
  if (error instanceof CodedError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reason = error instanceof Error ? error.message : String(error);
  if (FULL.includes(code) || resultCode(error) === SQLITE_FULL) {
    return new CodedError('backup.disk-full', `no room in ${place}: ${reason}`, { cause: error });
  }
  if (FORBIDDEN.includes(code)) {
    return new CodedError('backup.unwritable', `cannot write in ${place}: ${reason}`, { cause: error });
  }
  return new CodedError(otherwise, `${place}: ${reason}`, { cause: error });
}

/** A file or folder that is there and does not let itself be read. */
export function isForbidden(error: unknown): boolean {
  return FORBIDDEN.includes((error as NodeJS.ErrnoException | null)?.code ?? '');
}

/** The names in a folder. @throws CodedError `backup.unreadable`. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw new CodedError('backup.unreadable', `${folder} cannot be read: ${String(cause)}`, { cause });
  }
}

/** @throws CodedError `backup.disk-full`; a disk that tells no numbers is tried. */
export async function assertRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes === 0 && bsize === 0) return;
  if (freeBytes >= bytes + MARGIN_BYTES) return;
  const megabytes = (count: number) => Math.ceil(count / 1_000_000);
  const message = `${folder} has ${megabytes(freeBytes)} MB free; ${megabytes(bytes + MARGIN_BYTES)} MB are needed`;
  throw new CodedError('backup.disk-full', message);
}

/** A database of the site that cannot be copied: damaged, or not ours to read. */
export function isDamage(error: unknown): boolean {
  return storeFault(error) === 'corrupt';
}
