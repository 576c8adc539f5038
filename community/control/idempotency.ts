/** A repeated request is one request: the caller's key names what it made, so a double tap cannot do it twice. */
import { createHash } from 'node:crypto';
import { CodedError } from '@commonworks/core';
import type { Db } from '../database.ts';

export type Key = { readonly principal: string; readonly key: string; readonly kind: string; readonly body: unknown };

/**
 * Runs `make` once per key, within the caller's transaction; later calls get the id that it made. Without a key it just runs.
 * @throws CodedError `http.idempotency-key-reused` when the key named another request.
 */
export async function once(
  tx: Db,
  key: Key | null,
  at: { nowMs: number; make: () => Promise<string> },
): Promise<{ id: string; isNew: boolean }> {
  if (key === null) return { id: await at.make(), isNew: true };
  const hash = createHash('sha256').update(JSON.stringify(key.body)).digest('hex');
  const known = await tx
    .selectFrom('idempotency')
    .selectAll()
    .where('principal', '=', key.principal)
    .where('key', '=', key.key)
    .executeTakeFirst();
  if (known !== undefined) {
    if (known.body_hash === hash && known.kind === key.kind) return { id: known.subject, isNew: false };
    throw new CodedError('http.idempotency-key-reused', 'this key named another request');
  }
  const subject = await at.make();
  const { principal, kind } = key;
  await tx
    .insertInto('idempotency')
    .values({ principal, key: key.key, kind, body_hash: hash, subject, created_ms: at.nowMs })
    .execute();
  return { id: subject, isNew: true };
}

/** Keys are for retries, not for ever. */
export async function forgetKeys(db: Db, olderThanMs: number): Promise<void> {
  await db.deleteFrom('idempotency').where('created_ms', '<', olderThanMs).execute();
}
