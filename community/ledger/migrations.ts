/** Tables of the ledger: the chain of entries, and their postings spread out for sums. */
import { appendOnly } from '../append-only.ts';
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  CREATE TABLE ledger_entry (
    position INTEGER PRIMARY KEY, community TEXT NOT NULL, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    period TEXT NOT NULL, time_ms INTEGER NOT NULL, body TEXT NOT NULL, previous TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE
  ) STRICT;
  ${appendOnly('ledger_entry', ['position'])}
  CREATE TRIGGER ledger_entry_no_replace_id BEFORE INSERT ON ledger_entry
    WHEN EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.id OR previous = NEW.previous OR hash = NEW.hash)
    BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END;
  CREATE TABLE ledger_posting (
    position INTEGER NOT NULL REFERENCES ledger_entry (position), line INTEGER NOT NULL, account TEXT NOT NULL,
    unit TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (position, line)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ledger_posting_account ON ledger_posting (account, unit);
  ${appendOnly('ledger_posting', ['position', 'line'])}
`;

export const LEDGER_MIGRATIONS: FolderMigrations = { folder: 'ledger', steps: [VERSION_1] };
