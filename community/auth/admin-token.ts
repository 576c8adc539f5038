/** The first admin's link: its hash lies in keys/admin.token until it was used. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { LinkStore } from './link-store.ts';

const AdminToken = Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }), expiresMs: Type.Number() });

/** Makes the link good; a missing or unreadable file makes none. */
export function admitAdminToken(file: string, links: LinkStore): void {
  if (!existsSync(file)) return;
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (Value.Check(AdminToken, content)) links.admit(content.sha256, Math.trunc(content.expiresMs));
  } catch {
    // Not JSON: as good as none; `commonworks init` makes a new site with a new link.
  }
}

export function spendAdminToken(file: string): void {
  rmSync(file, { force: true });
}
