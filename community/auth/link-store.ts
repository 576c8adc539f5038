/** Links that let somebody set a password without e-mail: a token shown once, kept as a hash, used once, with an end. */
import { createHash, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { type Clock, CodedError } from '@commonworks/core';

/** `setup` makes the first admin; `invite` a member's first log-in; `reset` a new password. */
export const LINK_PURPOSES = ['setup', 'invite', 'reset'] as const;
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

export const LINK_LIFE_MS = { invite: 7 * 86_400_000, reset: 86_400_000 } as const;

/** `member` is null for the first admin, who is nobody yet. */
export type Link = { readonly purpose: LinkPurpose; readonly member: string | null; readonly expiresMs: number };

export const LINK_SCHEMA = `
  CREATE TABLE IF NOT EXISTS link (
    token_hash TEXT PRIMARY KEY, purpose TEXT NOT NULL CHECK (purpose IN ('setup', 'invite', 'reset')), member TEXT,
    expires_ms INTEGER NOT NULL, used_ms INTEGER
  ) STRICT`;

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** `now` is the real time: a link's end has nothing to do with a demo's clock. */
export function createLinkStore(raw: DatabaseSync, now: Clock) {
  const insert = raw.prepare('INSERT OR IGNORE INTO link VALUES (?, ?, ?, ?, NULL)');
  const voidOlder = raw.prepare('DELETE FROM link WHERE member = ? AND used_ms IS NULL');
  const select = raw.prepare('SELECT * FROM link WHERE token_hash = ? AND used_ms IS NULL AND expires_ms > ?');
  const claim = raw.prepare(
    'UPDATE link SET used_ms = ? WHERE token_hash = ? AND used_ms IS NULL AND expires_ms > ? RETURNING *',
  );
  const release = raw.prepare('UPDATE link SET used_ms = NULL WHERE token_hash = ?');
  return {
    /** A new link for a member; earlier unused ones of that member end. */
    create(purpose: keyof typeof LINK_LIFE_MS, member: string): { token: string; expiresMs: number } {
      const token = randomBytes(24).toString('base64url');
      const expiresMs = now() + LINK_LIFE_MS[purpose];
      voidOlder.run(member);
      insert.run(hashToken(token), purpose, member, expiresMs);
      return { token, expiresMs };
    },
    /** Unused links of that member end. */
    revoke(member: string): void {
      voidOlder.run(member);
    },
    /** The link made when the site was made; known already, spent or not, changes nothing. */
    admit(tokenHash: string, expiresMs: number): void {
      insert.run(tokenHash, 'setup', null, expiresMs);
    },
    /** Looks without using it; null for one that is spent, too old, or not ours. */
    look(token: string): Link | null {
      const row = select.get(hashToken(token), now());
      return row === undefined ? null : toLink(row);
    },
    /**
     * Uses the link up; of two at the same time one wins. When `action` fails the link is good again.
     * @throws CodedError `auth.link-spent`.
     */
    async use<T>(token: string, action: (link: Link) => Promise<T>): Promise<T> {
      const hash = hashToken(token);
      const row = claim.get(now(), hash, now());
      if (row === undefined) throw new CodedError('auth.link-spent', 'this link was used, has expired, or is not ours');
      try {
        return await action(toLink(row));
      } catch (error) {
        release.run(hash);
        throw error;
      }
    },
  };
}

export type LinkStore = ReturnType<typeof createLinkStore>;

function toLink(row: Record<string, unknown>): Link {
  const purpose = LINK_PURPOSES.find((known) => known === row['purpose']) ?? 'reset';
  const member = row['member'];
  return { purpose, member: typeof member === 'string' ? member : null, expiresMs: Number(row['expires_ms']) };
}
