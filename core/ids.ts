/** Identifiers: UUIDv7 for everything with a life of its own, short slugs for devices within one edge. */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]?: Name };
export type CommunityId = Branded<'community'>;
export type EdgeId = Branded<'edge'>;
export type MemberId = Branded<'member'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** When a UUIDv7 was made, epoch ms; null for ids of other versions. */
export function uuidTimeMs(id: string): number | null {
  return isUuid(id) && id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}

/** Device names: lower case, digits and hyphens, at most 40, so that they are safe in topics, file names and SenML. */
export function isSlug(text: string): boolean {
  return SLUG.test(text);
}

/**
 * A UUIDv7 (RFC 9562 section 5.7): 48 bits of epoch milliseconds, then 74 random bits.
 * `random` are at least 10 bytes from a cryptographic source; the caller owns clock and randomness.
 */
export function uuidV7(nowMs: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16);
  let rest = nowMs;
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
