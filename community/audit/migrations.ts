/** Tables of the audit: where each check stands, and what it found. Both can be lost: the next round makes them again. */
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  CREATE TABLE audit_check (
    name TEXT PRIMARY KEY, after_key TEXT NOT NULL, memo TEXT NOT NULL, checked_ms INTEGER, checked INTEGER NOT NULL,
    round_checked INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE audit_finding (
    name TEXT NOT NULL, at_key TEXT NOT NULL, subject TEXT NOT NULL, invariant TEXT NOT NULL, message TEXT NOT NULL,
    month TEXT, since_ms INTEGER NOT NULL, PRIMARY KEY (name, at_key, subject)
  ) STRICT, WITHOUT ROWID;
`;

export const AUDIT_MIGRATIONS: FolderMigrations = { folder: 'audit', steps: [VERSION_1] };
