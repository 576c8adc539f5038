/** Tables of closing a month. What people typed and decided is never changed: taking it back is a further record. */
import { appendOnly } from '../append-only.ts';
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  CREATE TABLE IF NOT EXISTS unplaced_energy (
    point_no INTEGER NOT NULL, direction INTEGER NOT NULL CHECK (direction IN (0, 1)), from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL, energy_mwh INTEGER NOT NULL, reason TEXT, PRIMARY KEY (point_no, direction, from_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE substitute_act (
    id TEXT PRIMARY KEY, point_no INTEGER NOT NULL REFERENCES metering_point (no),
    direction INTEGER NOT NULL CHECK (direction IN (0, 1)), from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
    energy_mwh INTEGER NOT NULL CHECK (energy_mwh >= 0), spread TEXT NOT NULL, reason TEXT NOT NULL, author TEXT NOT NULL,
    created_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX substitute_act_point ON substitute_act (point_no, direction, from_ms);
  ${appendOnly('substitute_act', ['id'])}
  CREATE TABLE substitute_withdrawal (
    id TEXT PRIMARY KEY REFERENCES substitute_act (id), reason TEXT NOT NULL, author TEXT NOT NULL,
    created_ms INTEGER NOT NULL
  ) STRICT;
  ${appendOnly('substitute_withdrawal', ['id'])}
  CREATE TABLE substitute_value (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL REFERENCES substitute_act (id), point_no INTEGER NOT NULL, direction INTEGER NOT NULL,
    start_ms INTEGER NOT NULL, energy_mwh INTEGER NOT NULL CHECK (energy_mwh >= 0), reason TEXT NOT NULL,
    author TEXT NOT NULL, created_ms INTEGER NOT NULL, withdrawn_ms INTEGER,
    UNIQUE (point_no, direction, start_ms, id)
  ) STRICT;
  CREATE INDEX substitute_value_start ON substitute_value (start_ms);
  CREATE INDEX substitute_value_act ON substitute_value (id);
  CREATE TRIGGER substitute_value_no_update BEFORE UPDATE ON substitute_value
    WHEN OLD.withdrawn_ms IS NOT NULL OR NEW.withdrawn_ms IS NULL OR (OLD.no, OLD.id, OLD.point_no, OLD.direction, OLD.start_ms,
      OLD.energy_mwh, OLD.reason, OLD.author, OLD.created_ms) IS NOT (NEW.no, NEW.id, NEW.point_no, NEW.direction, NEW.start_ms,
      NEW.energy_mwh, NEW.reason, NEW.author, NEW.created_ms)
    BEGIN SELECT RAISE(ABORT, 'substitute_value can only be withdrawn'); END;
  CREATE TRIGGER substitute_value_no_delete BEFORE DELETE ON substitute_value
    BEGIN SELECT RAISE(ABORT, 'substitute_value can only be withdrawn'); END;
  CREATE TABLE closing_decision (
    no INTEGER PRIMARY KEY, month TEXT NOT NULL, point_no INTEGER NOT NULL REFERENCES metering_point (no),
    direction INTEGER NOT NULL CHECK (direction IN (0, 1)), matter TEXT NOT NULL,
    is_accepted INTEGER NOT NULL CHECK (is_accepted IN (0, 1)), extent INTEGER NOT NULL, reason TEXT NOT NULL,
    author TEXT NOT NULL, created_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX closing_decision_month ON closing_decision (month);
  ${appendOnly('closing_decision', ['no'])}
  CREATE TABLE settlement_account (run TEXT PRIMARY KEY REFERENCES settlement_run (id), body TEXT NOT NULL) STRICT;
  ${appendOnly('settlement_account', ['run'])}
`;

export const CLOSING_MIGRATIONS: FolderMigrations = { folder: 'closing', steps: [VERSION_1] };
