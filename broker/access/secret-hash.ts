/** Secrets as scrypt hashes `scrypt$N$r$p$salt$hash`, base64url; computed off the event loop. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** 2^15 x 8 x 128 bytes = 32 MB and about 60 ms: dear to guess, bearable on a Raspberry Pi. */
const COST = { N: 2 ** 15, r: 8, p: 1 } as const;
const HASH_BYTES = 32;
/** What an access document may ask of this machine at most: 128 MB for one log-in. */
const MEMORY_MAX = 128 * 2 ** 20;
const SHAPE = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{8,128})\$([\w-]{16,128})$/;

export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(Buffer.from(secret), salt, { ...COST, length: HASH_BYTES });
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

export function isSecretHash(text: string): boolean {
  const [, n, r, p] = SHAPE.exec(text) ?? [];
  const cost = Number(n);
  return cost >= 2 && Number.isInteger(Math.log2(cost)) && memoryOf(cost, Number(r)) <= MEMORY_MAX && Number(p) >= 1;
}

/** False for a wrong secret and for a hash that is not of the form. */
export async function verifySecret(secret: Uint8Array, secretHash: string): Promise<boolean> {
  if (!isSecretHash(secretHash)) return false;
  const [, n, r, p, salt = '', hash = ''] = SHAPE.exec(secretHash) ?? [];
  const wanted = Buffer.from(hash, 'base64url');
  const form = { N: Number(n), r: Number(r), p: Number(p), length: wanted.length };
  return timingSafeEqual(await derive(secret, Buffer.from(salt, 'base64url'), form), wanted);
}

function memoryOf(cost: number, blocks: number): number {
  return 128 * cost * blocks;
}

function derive(
  secret: Uint8Array,
  salt: Uint8Array,
  { length, ...cost }: { N: number; r: number; p: number; length: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const maxmem = memoryOf(cost.N, cost.r) + 2 ** 20;
    scrypt(secret, salt, length, { ...cost, maxmem }, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
