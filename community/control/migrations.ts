/** Tables of control: commands with their audited steps, and the keys that make a repeated request one request. */
import { appendOnly } from '../append-only.ts';
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  CREATE TABLE command (
    id TEXT PRIMARY KEY, community TEXT NOT NULL, edge TEXT NOT NULL, device TEXT NOT NULL, kind TEXT NOT NULL,
    value REAL, reason TEXT NOT NULL, requested_by TEXT NOT NULL, state TEXT NOT NULL, observed REAL,
    issued_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, lease_until_ms INTEGER, body TEXT NOT NULL,
    signature TEXT NOT NULL
  ) STRICT;
  CREATE INDEX command_issued ON command (issued_ms);
  CREATE TABLE command_step (
    command TEXT NOT NULL REFERENCES command (id), no INTEGER NOT NULL, state TEXT NOT NULL, at_ms INTEGER NOT NULL,
    detail TEXT NOT NULL, PRIMARY KEY (command, no)
  ) STRICT, WITHOUT ROWID;
  ${appendOnly('command_step', ['command', 'no'])}
  CREATE TABLE idempotency (
    principal TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, body_hash TEXT NOT NULL, subject TEXT NOT NULL,
    created_ms INTEGER NOT NULL, PRIMARY KEY (principal, key)
  ) STRICT, WITHOUT ROWID;
`;

/** The relay keeper asks every few seconds for a relay's last command. */
const VERSION_2 = 'CREATE INDEX command_device ON command (edge, device, kind, issued_ms);';

/** Alarms ask every few seconds for what failed and is still in force. */
const VERSION_3 = "CREATE INDEX command_step_failed ON command_step (command) WHERE state = 'failed';";

export const CONTROL_MIGRATIONS: FolderMigrations = { folder: 'control', steps: [VERSION_1, VERSION_2, VERSION_3] };
