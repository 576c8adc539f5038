/** A device's secret as the broker keeps it: scrypt, in the text form of core/log-api.ts. */
import { randomBytes, scryptSync } from 'node:crypto';

/** Secrets are 256 random bits, not words: a cheap hash is enough and lets many edges connect at once. */
const COST = { N: 1024, r: 8, p: 1 } as const;

export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** `scrypt$N$r$p$salt$hash`, base64url. */
export function hashSecret(secret: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(secret, salt, 32, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}
