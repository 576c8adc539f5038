/** Tables of metering: the registers worth keeping, the intervals derived from them, and each one's share. */
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  CREATE TABLE log_cursor (reader TEXT PRIMARY KEY, cursor INTEGER NOT NULL) STRICT;
  CREATE TABLE series (
    no INTEGER PRIMARY KEY, edge TEXT NOT NULL, device TEXT NOT NULL, point TEXT NOT NULL, newest_ms INTEGER NOT NULL,
    UNIQUE (edge, device, point)
  ) STRICT;
  CREATE TABLE source (no INTEGER PRIMARY KEY, edge TEXT NOT NULL, epoch TEXT NOT NULL, UNIQUE (edge, epoch)) STRICT;
  CREATE TABLE register_sample (
    series_no INTEGER NOT NULL, time_ms INTEGER NOT NULL, mwh INTEGER NOT NULL, quality INTEGER NOT NULL,
    source_no INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (series_no, time_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE counter_step (
    series_no INTEGER NOT NULL, time_ms INTEGER NOT NULL, kind TEXT NOT NULL, before_mwh INTEGER NOT NULL,
    after_mwh INTEGER NOT NULL, credited_mwh INTEGER, source_no INTEGER NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (series_no, time_ms, source_no, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE pending_pack (cursor INTEGER PRIMARY KEY, boot TEXT NOT NULL, entry TEXT NOT NULL) STRICT;
  CREATE INDEX pending_pack_boot ON pending_pack (boot, cursor);
  CREATE TABLE boot_clock (boot TEXT PRIMARY KEY, offset_ms REAL NOT NULL) STRICT;
  CREATE TABLE derive_request (
    no INTEGER PRIMARY KEY, point_no INTEGER REFERENCES metering_point (no), from_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE interval (
    point_no INTEGER NOT NULL, direction INTEGER NOT NULL CHECK (direction IN (0, 1)), start_ms INTEGER NOT NULL,
    opening_mwh INTEGER, closing_mwh INTEGER, opening_ms INTEGER, closing_ms INTEGER, step_mwh INTEGER NOT NULL,
    energy_mwh INTEGER, coverage_ppm INTEGER NOT NULL, quality INTEGER NOT NULL,
    opening_source INTEGER, opening_seq INTEGER, closing_source INTEGER, closing_seq INTEGER,
    version INTEGER NOT NULL, PRIMARY KEY (point_no, direction, start_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX interval_start ON interval (start_ms);
  CREATE TABLE interval_share (
    point_no INTEGER NOT NULL, direction INTEGER NOT NULL, start_ms INTEGER NOT NULL, energy_mwh INTEGER NOT NULL,
    offered_mwh INTEGER NOT NULL, allocated_mwh INTEGER NOT NULL, rest_mwh INTEGER NOT NULL,
    rounding_micro INTEGER NOT NULL, PRIMARY KEY (point_no, direction, start_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE interval_total (
    start_ms INTEGER PRIMARY KEY, tariff TEXT NOT NULL, production_mwh INTEGER NOT NULL, consumption_mwh INTEGER NOT NULL,
    allocated_mwh INTEGER NOT NULL, expected INTEGER NOT NULL, complete INTEGER NOT NULL
  ) STRICT;
`;

/** Boots are kept as `edge/boot`: one edge must not tell another's time. */
const VERSION_2 = `
  UPDATE pending_pack SET boot = json_extract(entry, '$.edge') || '/' || boot;
  INSERT INTO boot_clock SELECT DISTINCT source.edge || '/' || boot, offset_ms FROM boot_clock, source;
  DELETE FROM boot_clock WHERE boot NOT LIKE '%/%';
`;

/** Judgements are kept from now on; those of earlier intervals come when they are derived again. */
const VERSION_3 = `
  CREATE TABLE counter_judgement (
    point_no INTEGER NOT NULL, direction INTEGER NOT NULL CHECK (direction IN (0, 1)), time_ms INTEGER NOT NULL,
    kind TEXT NOT NULL, before_mwh INTEGER NOT NULL, after_mwh INTEGER NOT NULL, credited_mwh INTEGER,
    PRIMARY KEY (point_no, time_ms, direction)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX counter_judgement_anew ON counter_judgement (time_ms) WHERE kind IN ('reset', 'swap');
  ALTER TABLE derive_request ADD COLUMN to_ms INTEGER;
`;

/** How the energy came about where it was not measured at both edges. */
const VERSION_4 = 'ALTER TABLE interval ADD COLUMN method TEXT';

/** Packs wait for the clock of their boot or for the hub's time; with what the hub's clock said when they came. */
const VERSION_5 = `
  ALTER TABLE pending_pack ADD COLUMN reason TEXT NOT NULL DEFAULT 'boot';
  ALTER TABLE pending_pack ADD COLUMN receipt TEXT NOT NULL DEFAULT '';
  CREATE INDEX pending_pack_reason ON pending_pack (reason, cursor);
`;

/** What the judgement of registers rests on: states to go on from, powers, serial numbers; and the rule for gaps. */
const VERSION_6 = `
  CREATE TABLE counter_checkpoint (
    point_no INTEGER NOT NULL, direction INTEGER NOT NULL CHECK (direction IN (0, 1)), time_ms INTEGER NOT NULL,
    state TEXT NOT NULL, reach_ms INTEGER, PRIMARY KEY (point_no, direction, time_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE power_slot (
    series_no INTEGER NOT NULL, start_ms INTEGER NOT NULL, readings INTEGER NOT NULL, drawn_mw INTEGER NOT NULL,
    fed_mw INTEGER NOT NULL, drawn_w2 INTEGER NOT NULL, fed_w2 INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, PRIMARY KEY (series_no, start_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE device_identity (
    edge TEXT NOT NULL, device TEXT NOT NULL, time_ms INTEGER NOT NULL, serial TEXT NOT NULL,
    PRIMARY KEY (edge, device, time_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE gap_rule (
    from_ms INTEGER PRIMARY KEY, method TEXT NOT NULL, author TEXT NOT NULL, created_ms INTEGER NOT NULL
  ) STRICT;
  DROP INDEX counter_judgement_anew;
  CREATE INDEX counter_judgement_told ON counter_judgement (time_ms) WHERE kind IN ('reset', 'swap', 'frozen');
`;

/** What each storage held, by origin, when an interval had ended. */
const VERSION_7 = `
  CREATE TABLE storage_state (
    point_no INTEGER NOT NULL, start_ms INTEGER NOT NULL, community_mwh INTEGER NOT NULL, grid_mwh INTEGER NOT NULL,
    least_mwh INTEGER NOT NULL, unknown_mwh INTEGER NOT NULL, lost_mwh INTEGER NOT NULL, PRIMARY KEY (point_no, start_ms)
  ) STRICT, WITHOUT ROWID;
`;

/**
 * Where the metering stands in which log, and which packs it has taken: what is read again after the log fell back is not
 * taken twice. Entries up to `counted_cursor` were taken before this was kept: they are read once more, to note their keys.
 */
const VERSION_8 = `
  CREATE TABLE log_place (
    reader TEXT PRIMARY KEY, log TEXT NOT NULL, generation INTEGER NOT NULL, hash TEXT, counted_cursor INTEGER NOT NULL
  ) STRICT;
  INSERT INTO log_place SELECT reader, '', 0, NULL, cursor FROM log_cursor;
  UPDATE log_cursor SET cursor = 0;
  CREATE TABLE taken_packs (
    edge TEXT NOT NULL, epoch TEXT NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL,
    PRIMARY KEY (edge, epoch, from_seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE log_change (
    no INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, from_log TEXT NOT NULL, from_generation INTEGER NOT NULL,
    from_cursor INTEGER NOT NULL, to_log TEXT NOT NULL, to_generation INTEGER NOT NULL, common_cursor INTEGER NOT NULL
  ) STRICT;
  ALTER TABLE pending_pack ADD COLUMN pack_key TEXT NOT NULL DEFAULT '';
`;

export const METERING_MIGRATIONS: FolderMigrations = {
  folder: 'metering',
  steps: [VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7, VERSION_8],
};
