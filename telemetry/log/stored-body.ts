/** A pack's bytes as a table keeps them: compressed where that saves anything. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Below this zstd's frame costs more than it saves. */
const WORTH_PACKING_BYTES = 300;
/** Level 3 takes twice the time for one per cent. */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const PLAIN = 0;
const ZSTD = 1;

export type StoredBody = { readonly compression: number; readonly stored: Uint8Array };

export function storeBody(body: Uint8Array): StoredBody {
  const packed = body.length >= WORTH_PACKING_BYTES ? zstdCompressSync(body, FAST) : body;
  return packed.length < body.length ? { compression: ZSTD, stored: packed } : { compression: PLAIN, stored: body };
}

/** From a row with `compression` and `body`. */
export function bodyOf(row: Readonly<Record<string, unknown>>): Uint8Array {
  const stored = row['body'] as Uint8Array;
  return row['compression'] === ZSTD ? zstdDecompressSync(stored) : stored;
}
