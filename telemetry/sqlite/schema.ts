/** The schema of telemetry.db, as the migrations that build it. Never edit one that was released: add the next. */
import type { Migration } from './open-database.ts';

/** Chunk key: window number times 2^24 plus series number, so that retention is one contiguous delete. */
const SERIES = `
CREATE TABLE series (
  id INTEGER PRIMARY KEY, edge TEXT NOT NULL, device TEXT NOT NULL, point TEXT NOT NULL,
  last_window INTEGER, UNIQUE (edge, device, point)
) STRICT;
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE series_log (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL) STRICT;
CREATE TABLE chunk (
  key INTEGER PRIMARY KEY, n INTEGER NOT NULL, min REAL, max REAL, sum REAL,
  last_ms INTEGER NOT NULL, last_value REAL NOT NULL, last_flags INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
`;

/** Body compression: 0 as it came, 1 zstd. Mark: everything of a source up to and including it is held. */
const LOG = `
CREATE TABLE source (
  id INTEGER PRIMARY KEY, edge TEXT NOT NULL, epoch TEXT NOT NULL, mark INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL, UNIQUE (edge, epoch)
) STRICT;
CREATE TABLE pack (
  cursor INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source, seq INTEGER NOT NULL,
  received_ms INTEGER NOT NULL, hash BLOB NOT NULL, compression INTEGER NOT NULL, body BLOB NOT NULL,
  UNIQUE (source, seq)
) STRICT;
CREATE TABLE held_range (
  source INTEGER NOT NULL REFERENCES source, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (source, from_seq, to_seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT, received_ms INTEGER NOT NULL, edge TEXT NOT NULL, kind TEXT NOT NULL,
  code TEXT NOT NULL, reason TEXT NOT NULL, epoch TEXT, seq INTEGER, body BLOB NOT NULL
) STRICT;
CREATE TABLE boot_clock (
  edge TEXT NOT NULL, boot TEXT NOT NULL, offset_ms REAL NOT NULL, PRIMARY KEY (edge, boot)
) STRICT, WITHOUT ROWID;
CREATE TABLE unplaced (
  cursor INTEGER PRIMARY KEY REFERENCES pack, edge TEXT NOT NULL, boot TEXT NOT NULL
) STRICT;
CREATE INDEX unplaced_by_boot ON unplaced (edge, boot);
CREATE TABLE sink (name TEXT PRIMARY KEY, cursor INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/**
 * What waits for a time, and for which: its boot's clock, the hub's own time, or (`refused`) a hub whose clock proves to
 * have been wrong. With the hub's clock at the receipt; `is_trusted` and the log's `hub_untrusted` say what it was worth.
 */
const WAITING = `
ALTER TABLE pack ADD COLUMN hub_untrusted INTEGER;
ALTER TABLE unplaced ADD COLUMN reason TEXT NOT NULL DEFAULT 'boot';
ALTER TABLE unplaced ADD COLUMN hub_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE unplaced ADD COLUMN hub_boot TEXT NOT NULL DEFAULT '';
ALTER TABLE unplaced ADD COLUMN hub_up_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE unplaced ADD COLUMN is_trusted INTEGER NOT NULL DEFAULT 1;
UPDATE unplaced SET hub_ms = (SELECT received_ms FROM pack WHERE pack.cursor = unplaced.cursor);
CREATE INDEX unplaced_by_reason ON unplaced (reason, cursor);
CREATE INDEX dead_letter_by_pack ON dead_letter (edge, epoch, seq);
`;

/** Which log this is, and its generations: telemetry/log/log-identity.ts. */
const IDENTITY = `
CREATE TABLE log_identity (id INTEGER PRIMARY KEY CHECK (id = 1), log TEXT NOT NULL) STRICT;
CREATE TABLE log_generation (
  generation INTEGER PRIMARY KEY, since_ms INTEGER NOT NULL, cause TEXT NOT NULL,
  after_cursor INTEGER NOT NULL, first_cursor INTEGER NOT NULL
) STRICT;
`;

/**
 * What belongs to which edge (telemetry/edge-budgets.ts). `word.edge` first brought the word; null: before this was kept.
 * Dead letters of kind `pack` are the quarantine: `hash` names their bytes, which are there once.
 */
const BUDGETS = `
ALTER TABLE word ADD COLUMN edge TEXT;
ALTER TABLE dead_letter ADD COLUMN hash BLOB;
ALTER TABLE dead_letter ADD COLUMN compression INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX quarantined_once ON dead_letter (edge, hash) WHERE kind = 'pack';
CREATE INDEX dead_letter_by_edge ON dead_letter (edge) WHERE kind <> 'pack';
CREATE INDEX dead_letter_by_age ON dead_letter (received_ms) WHERE kind <> 'pack';
CREATE INDEX refused_by_edge ON unplaced (edge, cursor) WHERE reason = 'refused';
`;

/**
 * `row_check` (telemetry/log/row-check.ts) is null for packs of before. A hole is a pack that was acknowledged and damaged
 * here: `mended_cursor` is where it stands again, -1 when its edge has it no more; `cursor` null when only the key is known. `last_cursor`: the newest before a generation.
 */
const DAMAGE = `
ALTER TABLE pack ADD COLUMN row_check BLOB;
CREATE TABLE log_hole (
  no INTEGER PRIMARY KEY, cursor INTEGER UNIQUE, edge TEXT, epoch TEXT, seq INTEGER, hash BLOB, reason TEXT NOT NULL,
  found_ms INTEGER NOT NULL, mended_cursor INTEGER
) STRICT;
ALTER TABLE log_generation ADD COLUMN last_cursor INTEGER;
CREATE INDEX log_hole_by_pack ON log_hole (edge, epoch, seq);
`;

/** `told` counts up within an edge: of its boots the one told last is the newest. */
const BOOTS = `
ALTER TABLE boot_clock ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
CREATE INDEX boot_clock_told ON boot_clock (edge, told);
`;

/** Many cursors in a row that nobody knows anything of are one hole, up to and including `to_cursor`. */
const RANGES = `
ALTER TABLE log_hole ADD COLUMN to_cursor INTEGER;
CREATE INDEX log_hole_ranges ON log_hole (to_cursor) WHERE to_cursor IS NOT NULL;
`;

/** What proves a declared range (telemetry/log/prove-marks.ts); null for ranges of before. */
const RANGE_CHECKS = 'ALTER TABLE held_range ADD COLUMN row_check BLOB;';

/** telemetry/log/letter-check.ts; null for letters of before. */
const LETTER_CHECKS = `
ALTER TABLE dead_letter ADD COLUMN row_check BLOB;
`;

/** CRC-32 of a chunk's block and of its newest reading (telemetry/series/checksums.ts); null for chunks of before. */
const CHUNK_CHECKS = `
ALTER TABLE chunk ADD COLUMN body_crc INTEGER;
ALTER TABLE chunk ADD COLUMN last_crc INTEGER;
`;

export const TELEMETRY_MIGRATIONS: readonly Migration[] = [
  SERIES + LOG,
  WAITING,
  IDENTITY,
  BUDGETS,
  DAMAGE,
  BOOTS,
  RANGES,
  RANGE_CHECKS,
  LETTER_CHECKS,
  CHUNK_CHECKS,
];
