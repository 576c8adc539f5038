/** Who is logging in: user, secret and client id against the access document. A right secret is never turned away. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AccessDocument, Result } from '@commonworks/core';
import { accept, refuse } from '@commonworks/core';
import { DearChecks } from './dear-checks.ts';
import { isDear, verifyAtOnce, verifySecret } from './secret-hash.ts';

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
/** The service's secret is random: a plain digest hides it. */
const SERVICE: Omit<Principal, 'secretHash'> = { user: SERVICE_USER, role: 'service' };
const VERIFIED_MAX = 10_000;
/** Checked for unknown users: the same work as for known ones. */
const NOBODY = `sha256$${'A'.repeat(22)}$${'A'.repeat(43)}`;

export class Credentials {
  readonly #access: () => AccessDocument | null;
  readonly #serviceDigest: Buffer;
  readonly #checks = new DearChecks();
  /** Dear secrets that were right, as keyed digests: a reconnecting fleet costs no scrypt, and a wrong guess neither. */
  readonly #verified = new Map<string, Verified>();
  readonly #key = randomBytes(32);
  #index: { readonly document: AccessDocument | null; readonly byUser: ReadonlyMap<string, Listed> } | null = null;

  constructor(options: { access: () => AccessDocument | null; serviceToken: string }) {
    this.#access = options.access;
    this.#serviceDigest = digest(Buffer.from(options.serviceToken));
  }

  async check(login: Login): Promise<Result<Principal>> {
    const principal = this.find(login.user);
    const isRight = await this.#verify(login, principal);
    if (isRight === null) return refuse('broker.logins-throttled', 'too many log-ins of this user at once');
    // Only the operator reads the reason: the client is told nothing.
    if (principal === null) return refuse('broker.login-refused', 'unknown user or wrong secret');
    if (!isRight) return refuse('broker.login-refused', 'wrong secret');
    if (this.#ownerOf(login.clientId, principal) !== principal.user) {
      return refuse('broker.login-refused', 'the client id does not belong to this user');
    }
    return accept(principal);
  }

  /** The principal as the document has it now; null when unknown or disabled. */
  find(user: string): Principal | null {
    if (user === SERVICE_USER) return { ...SERVICE, secretHash: this.#serviceDigest.toString('hex') };
    const found = this.#users().get(user);
    return found?.enabled ? { user, role: found.role, secretHash: found.secretHash } : null;
  }

  /** Constant time, for the HTTP side. */
  isServiceToken(token: string): boolean {
    return timingSafeEqual(digest(Buffer.from(token)), this.#serviceDigest);
  }

  /** Null when too many of this user wait; then the log-in may be tried again. */
  async #verify({ user, secret }: Login, principal: Principal | null): Promise<boolean | null> {
    const isService = timingSafeEqual(digest(secret), this.#serviceDigest);
    const secretHash = principal?.secretHash ?? NOBODY;
    if (user === SERVICE_USER) return isService;
    if (!isDear(secretHash)) return verifyAtOnce(secret, secretHash) && principal !== null;
    const keyed = createHmac('sha256', this.#key).update(secret).digest();
    const known = this.#verified.get(user);
    if (known?.secretHash === secretHash) return timingSafeEqual(known.keyed, keyed);
    const isRight = await this.#checks.check(user, () => verifySecret(secret, secretHash));
    if (isRight === true) this.#remember(user, { secretHash, keyed });
    return isRight;
  }

  /** Holds only for this hash: a new secret in the document makes it miss. */
  #remember(user: string, verified: Verified): void {
    if (this.#verified.size >= VERIFIED_MAX) this.#verified.clear();
    this.#verified.set(user, verified);
  }

  /**
   * An edge is alone under its name; others may connect several times as `user-something`; assigned ids are nobody's.
   * Where one user's name begins with another's, the longer name owns the id: else one could take the other's session.
   */
  #ownerOf(clientId: string, { user, role }: Principal): string | null {
    if (clientId === '' || clientId === user) return user;
    if (role === 'edge' || !clientId.startsWith(`${user}-`)) return null;
    for (let end = clientId.length; end > user.length; end = clientId.lastIndexOf('-', end - 1)) {
      const name = clientId.slice(0, end);
      if (this.#users().has(name)) return name;
    }
    return user;
  }

  #users(): ReadonlyMap<string, Listed> {
    const document = this.#access();
    if (this.#index === null || this.#index.document !== document) {
      const byUser = new Map((document?.principals ?? []).map((principal) => [principal.user, principal]));
      this.#index = { document, byUser };
    }
    return this.#index.byUser;
  }
}

type Listed = AccessDocument['principals'][number];
type Verified = { readonly secretHash: string; readonly keyed: Buffer };

function digest(secret: Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}
