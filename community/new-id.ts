/** A new UUIDv7 from the machine's own randomness. */
import { randomBytes } from 'node:crypto';
import { uuidV7 } from '@commonworks/core';

/** `nowMs` is the community's time, so that ids of a demo sort by what happened in it. */
export function newId(nowMs: number): string {
  return uuidV7(Math.trunc(nowMs), randomBytes(10));
}
