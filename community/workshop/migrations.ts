/** Tables of the workshop; that bookings and open sessions never overlap is the database's own rule. */
import type { FolderMigrations } from '../migrate.ts';

const OVERLAP = `EXISTS (
    SELECT 1 FROM booking b WHERE b.machine = NEW.machine AND b.status = 'booked' AND b.id <> NEW.id
      AND b.from_ms < NEW.to_ms AND b.to_ms > NEW.from_ms
  )`;

const VERSION_1 = `
  CREATE TABLE booking (
    id TEXT PRIMARY KEY, community TEXT NOT NULL, machine TEXT NOT NULL REFERENCES machine (id),
    member TEXT NOT NULL REFERENCES member (id), from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('booked', 'cancelled')), created_ms INTEGER NOT NULL, CHECK (to_ms > from_ms)
  ) STRICT;
  CREATE INDEX booking_machine ON booking (machine, from_ms);
  CREATE INDEX booking_member ON booking (member, from_ms);
  CREATE TRIGGER booking_overlap_insert BEFORE INSERT ON booking WHEN NEW.status = 'booked' AND ${OVERLAP}
    BEGIN SELECT RAISE(ABORT, 'booking overlaps'); END;
  CREATE TRIGGER booking_overlap_update BEFORE UPDATE ON booking WHEN NEW.status = 'booked' AND ${OVERLAP}
    BEGIN SELECT RAISE(ABORT, 'booking overlaps'); END;
  CREATE TABLE machine_setting (
    machine TEXT PRIMARY KEY REFERENCES machine (id), reader_edge TEXT, reader_device TEXT,
    off_below_w REAL NOT NULL, idle_below_w REAL NOT NULL, running_from_w REAL NOT NULL,
    CHECK (off_below_w <= idle_below_w AND idle_below_w <= running_from_w)
  ) STRICT;
  CREATE TABLE machine_watch (
    machine TEXT PRIMARY KEY, time_ms INTEGER NOT NULL, activity TEXT NOT NULL, since_ms INTEGER NOT NULL,
    boot TEXT NOT NULL, source TEXT NOT NULL, is_told INTEGER NOT NULL, register_ms INTEGER, register_mwh INTEGER
  ) STRICT;
  CREATE TABLE machine_activity (
    machine TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, activity TEXT NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (machine, from_ms), CHECK (to_ms > from_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE session (
    id TEXT PRIMARY KEY, community TEXT NOT NULL, machine TEXT NOT NULL REFERENCES machine (id),
    member TEXT NOT NULL REFERENCES member (id), started_by TEXT NOT NULL CHECK (started_by IN ('badge', 'web')),
    start_ms INTEGER NOT NULL, end_ms INTEGER, opening_mwh INTEGER, closing_mwh INTEGER, price_per_hour TEXT NOT NULL,
    closed_ms INTEGER, running_s INTEGER, idle_s INTEGER, unknown_s INTEGER, charge_minor INTEGER, ledger_entry TEXT,
    CHECK (end_ms IS NULL OR end_ms >= start_ms)
  ) STRICT;
  CREATE UNIQUE INDEX session_open ON session (machine) WHERE end_ms IS NULL;
  CREATE INDEX session_unclosed ON session (machine) WHERE closed_ms IS NULL;
  CREATE INDEX session_member ON session (member, start_ms);
  CREATE TABLE badge_refusal (
    badge TEXT NOT NULL, edge TEXT NOT NULL, reader TEXT NOT NULL, at_ms INTEGER NOT NULL, code TEXT NOT NULL,
    message TEXT NOT NULL
  ) STRICT;
  CREATE INDEX badge_refusal_at ON badge_refusal (at_ms);
`;

/** Which badge began it: taken back, it ends what it began. */
const VERSION_2 = 'ALTER TABLE session ADD COLUMN badge TEXT';

export const WORKSHOP_MIGRATIONS: FolderMigrations = { folder: 'workshop', steps: [VERSION_1, VERSION_2] };
