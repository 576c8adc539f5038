/** Who comes first when two remainders are equal: a public hash, so that no name is favoured for ever. */

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const encoder = new TextEncoder();

/** Compares two participants of one interval; negative when the first goes first. A total order over distinct ids. */
export type TieOrder = (a: string, b: string) => number;

/**
 * The order of one interval: by FNV-1a (32 bit) over the UTF-8 bytes of `keyVersion LF startMs LF participant`,
 * finished with the mixer of MurmurHash3 so that ids that differ in their last letter scatter; then by id.
 * Anyone can repeat it: docs/allocation.md shows a worked value.
 */
export function tieOrder(keyVersion: string, startMs: number): TieOrder {
  const prefix = absorb(FNV_OFFSET, `${keyVersion}\n${startMs}\n`);
  return (a, b) => mix(absorb(prefix, a)) - mix(absorb(prefix, b)) || (a < b ? -1 : a > b ? 1 : 0);
}

/** The hash itself, an unsigned 32-bit number: the lowest of those that tie gets the mWh. */
export function tieHash(keyVersion: string, startMs: number, participant: string): number {
  return mix(absorb(FNV_OFFSET, `${keyVersion}\n${startMs}\n${participant}`));
}

function absorb(state: number, text: string): number {
  let hash = state;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash;
}

function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
