/** Tables of settlement: a run, and its frozen inputs and results day by day as compressed canonical lines. */
import { appendOnly } from '../append-only.ts';
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  CREATE TABLE settlement_run (
    id TEXT PRIMARY KEY, community TEXT NOT NULL, month TEXT NOT NULL, version INTEGER NOT NULL,
    period TEXT NOT NULL, method TEXT NOT NULL,
    notes TEXT NOT NULL, production_mwh INTEGER NOT NULL, allocated_mwh INTEGER NOT NULL, surplus_mwh INTEGER NOT NULL,
    header TEXT NOT NULL, inputs_hash TEXT NOT NULL, results_hash TEXT NOT NULL, ledger_head TEXT NOT NULL,
    created_ms INTEGER NOT NULL, UNIQUE (month, version)
  ) STRICT;
  ${appendOnly('settlement_run', ['id'])}
  CREATE TABLE settlement_day (
    run TEXT NOT NULL REFERENCES settlement_run (id), day TEXT NOT NULL, inputs BLOB NOT NULL, results BLOB NOT NULL,
    PRIMARY KEY (run, day)
  ) STRICT, WITHOUT ROWID;
  ${appendOnly('settlement_day', ['run', 'day'])}
`;

/** What storage took, gave and lost in a run. Shares that are not settled yet are made again, by origin. */
const VERSION_2 = `
  ALTER TABLE settlement_run ADD COLUMN storage TEXT NOT NULL DEFAULT '[]';
  INSERT INTO derive_request (point_no, from_ms)
    SELECT NULL, coalesce((SELECT max(json_extract(header, '$.toMs')) FROM settlement_run), 0)
    WHERE EXISTS (SELECT 1 FROM interval);
`;

export const SETTLEMENT_MIGRATIONS: FolderMigrations = { folder: 'settlement', steps: [VERSION_1, VERSION_2] };
