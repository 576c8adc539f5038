/** Whether a kept pack is still what was written: its bytes by their hash, its row by the key inside the bytes. */
import { createHash } from 'node:crypto';
import { decodePack, type PackKey } from '@commonworks/core';

export type PackBody = { readonly body: string; readonly hash: Uint8Array | null };

/** `misfiled`: the bytes are right, and the columns beside them name another pack. */
export type PackVerdict = 'intact' | 'spoiled' | 'misfiled';

const HEAD = /^\[\{"bn":"([0-9a-f-]{36})\/","n":"pack","vs":"([0-9a-f-]{36})\.([1-9]\d{0,14})\.([0-9a-f-]{36})"\}[,\]]/;

export function packHash(body: string): Buffer {
  return createHash('sha256').update(body).digest();
}

/** Null when the bytes are not what was written. Rows of earlier versions have no hash: they must at least be a whole pack. */
export function keyOf({ body, hash }: PackBody): PackKey | null {
  if (hash !== null && !packHash(body).equals(hash)) return null;
  const head = hash === null ? null : HEAD.exec(body);
  if (head !== null) return { edge: head[1] ?? '', epoch: head[2] ?? '', seq: Number(head[3]) };
  try {
    const { pack, rejected } = decodePack(body);
    return rejected.length === 0 ? { edge: pack.edge, epoch: pack.epoch, seq: pack.seq } : null;
  } catch {
    return null;
  }
}

export function judgePack(row: PackKey & PackBody): PackVerdict {
  const key = keyOf(row);
  if (key === null) return 'spoiled';
  const isOwn = key.edge === row.edge && key.epoch === row.epoch && key.seq === row.seq;
  return isOwn ? 'intact' : row.hash === null ? 'spoiled' : 'misfiled';
}
