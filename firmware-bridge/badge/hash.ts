/** What leaves the edge instead of a badge's UID: a keyed hash, so that a stolen log opens no door. */
import { createHmac } from 'node:crypto';

/** HMAC-SHA256 over the UID's bytes, as 64 hex digits; the site's key makes it useless elsewhere. */
export function badgeHash(uidHex: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(Buffer.from(uidHex, 'hex')).digest('hex');
}
