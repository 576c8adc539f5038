/** Whether every pack of a log file is what was acknowledged: its bytes against the hash taken when they came. */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';

export type PacksChecked = {
  readonly packs: number;
  /** The newest cursor; 0 when the log is empty. */
  readonly head: number;
  readonly damaged: number;
  readonly firstDamaged: number | null;
};

/** Others get their turn after so many: a hash takes microseconds. */
const TURN_PACKS = 2000;

/** Reads with any version of the schema: what it asks for was there in the first. A row at a time, so memory is bounded. */
export async function checkPacks(db: DatabaseSync): Promise<PacksChecked> {
  let [packs, head, damaged] = [0, 0, 0];
  let firstDamaged: number | null = null;
  for (const row of db.prepare('SELECT cursor, hash, compression, body FROM pack ORDER BY cursor').iterate()) {
    packs++;
    head = Number(row['cursor']);
    if (!isWhole(row)) {
      damaged++;
      firstDamaged ??= head;
    }
    if (packs % TURN_PACKS === 0) await turn();
  }
  return { packs, head, damaged, firstDamaged };
}

function isWhole({ hash, compression, body }: Record<string, unknown>): boolean {
  try {
    const bytes = compression === 1 ? zstdDecompressSync(body as Uint8Array) : (body as Uint8Array);
    return createHash('sha256')
      .update(bytes)
      .digest()
      .equals(hash as Uint8Array);
  } catch {
    return false;
  }
}
