/** Many packs in one transferable buffer: cloning each body would copy the socket's whole read buffer with it. */
import type { IncomingPack } from './take-pack.ts';

export type PackedBatch = {
  readonly bytes: ArrayBuffer;
  readonly packs: readonly (Omit<IncomingPack, 'body'> & { readonly from: number; readonly to: number })[];
};

export function packBatch(packs: readonly IncomingPack[]): PackedBatch {
  const size = packs.reduce((sum, pack) => sum + pack.body.length, 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  const placed = packs.map(({ body, ...rest }) => {
    const from = at;
    bytes.set(body, from);
    at += body.length;
    return { ...rest, from, to: at };
  });
  return { bytes: bytes.buffer, packs: placed };
}

export function unpackBatch(batch: PackedBatch): IncomingPack[] {
  return batch.packs.map(({ from, to, ...rest }) => ({ ...rest, body: new Uint8Array(batch.bytes, from, to - from) }));
}
