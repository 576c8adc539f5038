/** Recognises SQLite's refusals by their extended result code: https://www.sqlite.org/rescode.html */

const CONSTRAINT_TRIGGER = 1811;
const CONSTRAINT_UNIQUE = 2067;
const CONSTRAINT_PRIMARY_KEY = 1555;
const CONSTRAINT_FOREIGN_KEY = 787;

/** Disk full, input or output failed, read-only, locked for too long: the world, neither the request nor our code. */
const WORLD_FAULTS = new Set([5, 8, 10, 13]);

export function isDatabaseFault(error: unknown): boolean {
  const code = resultCode(error);
  return code !== undefined && WORLD_FAULTS.has(code & 0xff);
}

function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}

/** A trigger of our schema said RAISE(ABORT). */
export function isTriggerAbort(error: unknown): boolean {
  return resultCode(error) === CONSTRAINT_TRIGGER;
}

export function isDuplicate(error: unknown): boolean {
  const code = resultCode(error);
  return code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARY_KEY;
}

export function isUnknownReference(error: unknown): boolean {
  return resultCode(error) === CONSTRAINT_FOREIGN_KEY;
}
