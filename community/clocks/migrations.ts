/** Tables of the agents' clocks, and what the workshop keeps of times that are not aligned yet. */
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  CREATE TABLE edge_clock (
    no INTEGER PRIMARY KEY, edge TEXT NOT NULL, boot TEXT NOT NULL, measured_ms INTEGER NOT NULL, offset_ms REAL,
    error_ms REAL, is_trusted INTEGER NOT NULL, source TEXT NOT NULL
  ) STRICT;
  CREATE INDEX edge_clock_edge ON edge_clock (edge, no);
  CREATE TABLE hub_era (id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL, origin_ms INTEGER NOT NULL) STRICT;
  ALTER TABLE session ADD COLUMN start_clock TEXT;
  ALTER TABLE session ADD COLUMN end_clock TEXT;
  ALTER TABLE machine_watch ADD COLUMN clock TEXT;
  ALTER TABLE machine_activity ADD COLUMN clock TEXT;
  CREATE INDEX machine_activity_unaligned ON machine_activity (clock) WHERE clock IS NOT NULL;
  CREATE INDEX session_unaligned ON session (id) WHERE start_clock IS NOT NULL OR end_clock IS NOT NULL;
`;

/** After the workshop, to whose tables it adds. */
export const CLOCK_MIGRATIONS: FolderMigrations = { folder: 'clocks', steps: [VERSION_1] };
