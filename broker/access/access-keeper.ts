/** The access document in force: replaced whole by a newer one, enforced at once, then saved. */
import type { AccessDocument, Clock, Result } from '@commonworks/core';
import { AccessDocument as AccessSchema, accept, refuse } from '@commonworks/core';
import { Value } from 'typebox/value';
import type { SavedAccess } from '../broker-tables.ts';
import { SERVICE_USER } from './credentials.ts';
import { isSecretHash } from './secret-hash.ts';

export type AccessKeeperOptions = {
  readonly community: string;
  readonly saved: SavedAccess | null;
  readonly save: (access: SavedAccess) => Promise<void>;
  readonly now: Clock;
  readonly onReplaced: () => unknown;
};

export class AccessKeeper {
  readonly #options: AccessKeeperOptions;
  #inForce: SavedAccess | null;

  constructor(options: AccessKeeperOptions) {
    this.#options = options;
    this.#inForce = options.saved;
  }

  get document(): AccessDocument | null {
    return this.#inForce?.document ?? null;
  }

  get version(): number {
    return this.document?.version ?? 0;
  }

  get syncedMs(): number | null {
    return this.#inForce?.syncedMs ?? null;
  }

  /**
   * The same version again only renews the time of the last sync. It is in force before it is saved: to withdraw an access
   * must not wait for a disk, nor for whoever keeps it busy. What could not be saved is sent again by the community.
   * @throws what `save` throws; the document is in force all the same.
   */
  async replace(value: unknown): Promise<Result<number>> {
    const checked = this.#check(value);
    if (!checked.ok) return checked;
    const document = checked.value;
    if (document.version < this.version) {
      return refuse('broker.access-older', `version ${document.version} is older than ${this.version}`);
    }
    const next = { document, syncedMs: this.#options.now() };
    this.#inForce = next;
    this.#options.onReplaced();
    await this.#options.save(next);
    return accept(this.version);
  }

  #check(value: unknown): Result<AccessDocument> {
    if (!Value.Check(AccessSchema, value)) {
      const faults = [...Value.Errors(AccessSchema, value)].slice(0, 5);
      const text = faults.map((fault) => `${fault.instancePath || '/'}: ${fault.message}`).join('; ');
      return refuse('broker.access-invalid', text);
    }
    if (value.community !== this.#options.community) {
      return refuse('broker.access-invalid', `the document is for community ${value.community}`);
    }
    const users = new Set(value.principals.map((principal) => principal.user));
    if (users.size < value.principals.length) return refuse('broker.access-invalid', 'a user stands there twice');
    if (users.has(SERVICE_USER)) return refuse('broker.access-invalid', `the user ${SERVICE_USER} is built in`);
    const bad = value.principals.find((principal) => !isSecretHash(principal.secretHash));
    return bad === undefined
      ? accept(value)
      : refuse('broker.access-invalid', `${bad.user}: not a scrypt hash we can check`);
  }
}
