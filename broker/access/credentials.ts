/** Who is logging in: user, secret and client id against the access document; cheap for those seen before. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AccessDocument, Clock, Result } from '@commonworks/core';
import { accept, refuse } from '@commonworks/core';
import { LoginThrottle } from './login-throttle.ts';
import { verifySecret } from './secret-hash.ts';

export type Role = AccessDocument['principals'][number]['role'];
export type Principal = { readonly user: string; readonly role: Role; readonly secretHash: string };

export type Login = {
  readonly user: string;
  readonly secret: Uint8Array;
  /** Empty when the broker is to assign one. */
  readonly clientId: string;
  readonly address: string;
};

export const SERVICE_USER = 'service';
/** The service's secret is random: a plain digest hides it, and needs no scrypt. */
const SERVICE: Omit<Principal, 'secretHash'> = { user: SERVICE_USER, role: 'service' };
/** scrypt takes 32 MB and a thread each: more at once would only slow each other down. */
const CHECKS_AT_ONCE = 2;
const CHECKS_WAITING_MAX = 200;
const VERIFIED_MAX = 10_000;
/** Checked for unknown users, so that an answer takes as long as for known ones. */
const NOBODY = `scrypt$${2 ** 15}$8$1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

export class Credentials {
  readonly #access: () => AccessDocument | null;
  readonly #serviceDigest: Buffer;
  readonly #throttle: LoginThrottle;
  /** Secrets that were right, as keyed digests: a reconnecting fleet costs no scrypt. */
  readonly #verified = new Map<string, Buffer>();
  readonly #key = randomBytes(32);
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: { access: () => AccessDocument | null; serviceToken: string; now: Clock }) {
    this.#access = options.access;
    this.#serviceDigest = digest(Buffer.from(options.serviceToken));
    this.#throttle = new LoginThrottle(options.now);
  }

  async check(login: Login): Promise<Result<Principal>> {
    const principal = this.find(login.user);
    const isKnown = principal !== null && this.#isVerified(login, principal);
    if (!isKnown && this.#throttle.isBlocked(login.address, login.user)) {
      return refuse('broker.logins-throttled', `too many failed log-ins from ${login.address}`);
    }
    if (!isKnown && this.#waiting.length >= CHECKS_WAITING_MAX) {
      return refuse('broker.logins-throttled', 'too many log-ins at once');
    }
    if (!isKnown && !(await this.#verify(login, principal))) {
      this.#throttle.failed(login.address, login.user);
      return refuse('broker.login-refused', principal === null ? 'unknown user or wrong secret' : 'wrong secret');
    }
    if (principal === null) return refuse('broker.login-refused', 'unknown user or wrong secret');
    if (!ownsClientId(principal, login.clientId)) {
      return refuse('broker.login-refused', 'the client id does not belong to this user');
    }
    return accept(principal);
  }

  /** The principal as the document has it now; null when unknown or disabled. */
  find(user: string): Principal | null {
    if (user === SERVICE_USER) return { ...SERVICE, secretHash: this.#serviceDigest.toString('hex') };
    const found = this.#access()?.principals.find((principal) => principal.user === user);
    return found?.enabled ? { user, role: found.role, secretHash: found.secretHash } : null;
  }

  /** Constant time, for the HTTP side. */
  isServiceToken(token: string): boolean {
    return timingSafeEqual(digest(Buffer.from(token)), this.#serviceDigest);
  }

  async #verify({ user, secret }: Login, principal: Principal | null): Promise<boolean> {
    if (user === SERVICE_USER) return timingSafeEqual(digest(secret), this.#serviceDigest);
    const isRight = await this.#inTurn(() => verifySecret(secret, principal?.secretHash ?? NOBODY));
    if (!isRight || principal === null) return false;
    if (this.#verified.size >= VERIFIED_MAX) this.#verified.clear();
    this.#verified.set(user, this.#keyed(secret, principal));
    return true;
  }

  #isVerified({ user, secret }: Login, principal: Principal): boolean {
    const known = this.#verified.get(user);
    return known !== undefined && timingSafeEqual(known, this.#keyed(secret, principal));
  }

  /** Holds only for this hash: a new secret in the document makes it miss. */
  #keyed(secret: Uint8Array, principal: Principal): Buffer {
    return createHmac('sha256', this.#key).update(`${principal.secretHash}\n`).update(secret).digest();
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= CHECKS_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}

/** An edge is alone under its name; others may connect several times as `user-something`; assigned ids are nobody's. */
function ownsClientId({ user, role }: Principal, clientId: string): boolean {
  if (clientId === '' || clientId === user) return true;
  return role !== 'edge' && clientId.startsWith(`${user}-`);
}

function digest(secret: Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}
