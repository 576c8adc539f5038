/** Tables of live: alarms, of which one per code and subject can be open. */
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  CREATE TABLE alarm (
    id TEXT PRIMARY KEY, code TEXT NOT NULL, subject TEXT NOT NULL, severity TEXT NOT NULL, message TEXT NOT NULL,
    since_ms INTEGER NOT NULL, until_ms INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX alarm_open ON alarm (code, subject) WHERE until_ms IS NULL;
  CREATE INDEX alarm_since ON alarm (since_ms);
  CREATE TABLE device_reach (
    edge TEXT NOT NULL, device TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (edge, device)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE access_version (community TEXT PRIMARY KEY, version INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
`;

export const LIVE_MIGRATIONS: FolderMigrations = { folder: 'live', steps: [VERSION_1] };
