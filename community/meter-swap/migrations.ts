/** The table of exchanged meters: what a person read off both of them. */
import { appendOnly } from '../append-only.ts';
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  CREATE TABLE meter_swap (
    point_no INTEGER NOT NULL REFERENCES metering_point (no), direction INTEGER NOT NULL CHECK (direction IN (0, 1)),
    time_ms INTEGER NOT NULL, final_mwh INTEGER NOT NULL CHECK (final_mwh >= 0),
    first_mwh INTEGER NOT NULL CHECK (first_mwh >= 0), old_serial TEXT NOT NULL, new_serial TEXT NOT NULL,
    author TEXT NOT NULL, reason TEXT NOT NULL, created_ms INTEGER NOT NULL, source_no INTEGER NOT NULL,
    PRIMARY KEY (point_no, direction, time_ms)
  ) STRICT, WITHOUT ROWID;
  ${appendOnly('meter_swap', ['point_no', 'direction', 'time_ms'])}
`;

export const METER_SWAP_MIGRATIONS: FolderMigrations = { folder: 'meter-swap', steps: [VERSION_1] };
