/** A device's secret as the broker keeps it, in the text form of core/log-api.ts. */
import { createHash, randomBytes } from 'node:crypto';

export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * `sha256$salt$hash`, base64url: SHA-256 over salt, line feed and secret. Secrets are 256 random bits, not words: no cost
 * of a guess makes them safer, and a cheap one lets every edge of a site connect at once.
 */
export function hashSecret(secret: string): string {
  const salt = randomBytes(16).toString('base64url');
  const hash = createHash('sha256').update(`${salt}\n`).update(secret).digest('base64url');
  return `sha256$${salt}$${hash}`;
}
