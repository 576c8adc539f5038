/** Recognises SQLite's refusals by their extended result code: https://www.sqlite.org/rescode.html */
import { resultCode } from '@commonworks/store/store-fault.ts';

const CONSTRAINT_TRIGGER = 1811;
const CONSTRAINT_UNIQUE = 2067;
const CONSTRAINT_PRIMARY_KEY = 1555;
const CONSTRAINT_FOREIGN_KEY = 787;

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
