/** Tables of the register: people, shares, points, prices, machines. */
import { appendOnly } from '../append-only.ts';
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  CREATE TABLE member (
    community TEXT NOT NULL, id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, roles TEXT NOT NULL,
    joined_ms INTEGER NOT NULL, left_ms INTEGER
  ) STRICT;
  CREATE TABLE share_transfer (
    no INTEGER PRIMARY KEY, community TEXT NOT NULL, from_holder TEXT NOT NULL, to_holder TEXT NOT NULL,
    shares INTEGER NOT NULL CHECK (shares > 0), at_ms INTEGER NOT NULL, reason TEXT NOT NULL,
    CHECK (from_holder <> to_holder)
  ) STRICT;
  CREATE INDEX share_transfer_from ON share_transfer (from_holder, at_ms);
  CREATE INDEX share_transfer_to ON share_transfer (to_holder, at_ms);
  ${appendOnly('share_transfer', ['no'])}
  CREATE TABLE edge (
    community TEXT NOT NULL, id TEXT PRIMARY KEY, name TEXT NOT NULL, secret_hash TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1))
  ) STRICT;
  CREATE TABLE metering_point (
    no INTEGER PRIMARY KEY, community TEXT NOT NULL, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('consumer', 'producer', 'storage', 'grid', 'workshop')),
    member TEXT REFERENCES member (id)
  ) STRICT;
  CREATE TABLE assignment (
    no INTEGER PRIMARY KEY, point_no INTEGER NOT NULL REFERENCES metering_point (no), edge TEXT NOT NULL,
    device TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER, CHECK (to_ms IS NULL OR to_ms > from_ms)
  ) STRICT;
  CREATE INDEX assignment_point ON assignment (point_no, from_ms);
  CREATE TRIGGER assignment_overlap BEFORE INSERT ON assignment WHEN EXISTS (
    SELECT 1 FROM assignment a WHERE a.point_no = NEW.point_no
      AND a.from_ms < coalesce(NEW.to_ms, 9007199254740991) AND coalesce(a.to_ms, 9007199254740991) > NEW.from_ms
  ) BEGIN SELECT RAISE(ABORT, 'assignment overlaps'); END;
  CREATE TABLE tariff (
    community TEXT NOT NULL, id TEXT PRIMARY KEY, from_ms INTEGER NOT NULL UNIQUE,
    method TEXT NOT NULL CHECK (method IN ('pro-rata', 'fixed')),
    internal_price TEXT NOT NULL, grid_price TEXT NOT NULL, feed_in_price TEXT NOT NULL
  ) STRICT;
  ${appendOnly('tariff', ['id'])}
  CREATE TABLE machine (
    community TEXT NOT NULL, id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL,
    activity_edge TEXT NOT NULL, activity_device TEXT NOT NULL, meter_edge TEXT, meter_device TEXT,
    relay_edge TEXT, relay_device TEXT, price_per_hour TEXT NOT NULL
  ) STRICT;
  CREATE TABLE badge (
    badge TEXT PRIMARY KEY, community TEXT NOT NULL, member TEXT NOT NULL REFERENCES member (id), revoked_ms INTEGER
  ) STRICT;
`;

/** What the counter engine may know of a point and of a meter; null is not known. */
const VERSION_2 = `
  ALTER TABLE metering_point ADD COLUMN rated_power_w INTEGER CHECK (rated_power_w > 0);
  ALTER TABLE assignment ADD COLUMN register_modulus_wh INTEGER CHECK (register_modulus_wh > 0);
`;

/** Whose use a holder's part is held against, and what a battery's charge is made of. */
const VERSION_3 = `
  ALTER TABLE tariff ADD COLUMN share_by TEXT NOT NULL DEFAULT 'member';
  ALTER TABLE tariff ADD COLUMN storage_origin TEXT NOT NULL DEFAULT 'proportional';
`;

export const REGISTER_MIGRATIONS: FolderMigrations = { folder: 'register', steps: [VERSION_1, VERSION_2, VERSION_3] };
