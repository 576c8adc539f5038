/** Secrets as salted hashes: SHA-256 for random ones, as the community gives out; scrypt for those of earlier versions. */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** A secret of 256 random bits cannot be guessed, however cheap a guess is: so checking it costs nothing worth attacking. */
const PLAIN = /^sha256\$([\w-]{16,128})\$([\w-]{43})$/;
/** What an access document may ask of this machine at most: 128 MB for one log-in. */
const MEMORY_MAX = 128 * 2 ** 20;
const SCRYPT = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{8,128})\$([\w-]{16,128})$/;

/** For the secrets of tests and demos; the community makes its own in the same form. */
export function hashSecret(secret: string): string {
  const salt = randomBytes(16).toString('base64url');
  return `sha256$${salt}$${saltedDigest(Buffer.from(secret), salt).toString('base64url')}`;
}

export function isSecretHash(text: string): boolean {
  if (PLAIN.test(text)) return true;
  const [, n, r, p] = SCRYPT.exec(text) ?? [];
  const cost = Number(n);
  return cost >= 2 && Number.isInteger(Math.log2(cost)) && memoryOf(cost, Number(r)) <= MEMORY_MAX && Number(p) >= 1;
}

/** Whether checking it takes memory and a thread, so that only a few can be checked at once. */
export function isDear(secretHash: string): boolean {
  return secretHash.startsWith('scrypt$');
}

/** Of a hash that is not dear; false for one that is. */
export function verifyAtOnce(secret: Uint8Array, secretHash: string): boolean {
  const [, salt = '', hash = ''] = PLAIN.exec(secretHash) ?? [];
  const wanted = Buffer.from(hash, 'base64url');
  const given = saltedDigest(secret, salt);
  return wanted.length === given.length && timingSafeEqual(given, wanted);
}

/** False for a wrong secret and for a hash that is not of the form. */
export async function verifySecret(secret: Uint8Array, secretHash: string): Promise<boolean> {
  if (!isSecretHash(secretHash)) return false;
  if (!isDear(secretHash)) return verifyAtOnce(secret, secretHash);
  const [, n, r, p, salt = '', hash = ''] = SCRYPT.exec(secretHash) ?? [];
  const wanted = Buffer.from(hash, 'base64url');
  const form = { N: Number(n), r: Number(r), p: Number(p), length: wanted.length };
  return timingSafeEqual(await derive(secret, Buffer.from(salt, 'base64url'), form), wanted);
}

function saltedDigest(secret: Uint8Array, salt: string): Buffer {
  return createHash('sha256').update(`${salt}\n`).update(secret).digest();
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
