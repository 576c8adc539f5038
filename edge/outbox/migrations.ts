/** The outbox file's tables, version by version: a step is only ever added. */

const VERSION_1 = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE epoch (epoch TEXT PRIMARY KEY, nextSeq INTEGER NOT NULL, mark INTEGER NOT NULL) STRICT;
CREATE TABLE pack (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  createdMs INTEGER NOT NULL,
  UNIQUE (epoch, seq)
) STRICT;
CREATE TRIGGER packIsImmutable BEFORE UPDATE ON pack BEGIN SELECT RAISE(ABORT, 'a pack never changes'); END;
CREATE TABLE command (
  id TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  receivedMs INTEGER NOT NULL
) STRICT;
`;

/**
 * Ages count elapsed time (table elapsed), never a wall clock: what was kept before begins at age 0, for its wall times
 * may be of any year. A lease ends at a time of the kernel's boot. `life`: lives of the process that stamped packs since
 * boot, and whether the offset that dates them was sent.
 */
const VERSION_2 = `
ALTER TABLE pack DROP COLUMN createdMs;
ALTER TABLE pack ADD COLUMN bornMs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE command DROP COLUMN receivedMs;
ALTER TABLE command ADD COLUMN bornMs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE command ADD COLUMN boot TEXT NOT NULL DEFAULT '';
ALTER TABLE command ADD COLUMN deadlineMs REAL;
CREATE TABLE elapsed (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  ms INTEGER NOT NULL,
  boot TEXT NOT NULL,
  kernelMs INTEGER NOT NULL
) STRICT;
INSERT INTO elapsed (id, ms, boot, kernelMs) VALUES (1, 0, '', 0);
CREATE TABLE life (life TEXT PRIMARY KEY, boot TEXT NOT NULL, isTold INTEGER NOT NULL) STRICT;
`;

/**
 * `hash`: SHA-256 of the body, written with it; null in rows of earlier versions, as is `sum`, the checksum of an
 * epoch's counts. `spoiled` keeps the newest bodies that
 * were no longer what had been written, for a person to look at.
 */
const VERSION_3 = `
ALTER TABLE pack ADD COLUMN hash BLOB;
ALTER TABLE epoch ADD COLUMN sum INTEGER;
CREATE TABLE spoiled (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL,
  body ANY,
  hash BLOB
) STRICT;
`;

const STEPS = [VERSION_1, VERSION_2, VERSION_3];
export const OUTBOX_SCHEMA = STEPS.length;

/** What brings a file of this version (0: empty) to the newest, as one transaction; empty when it is there. */
export function outboxSteps(version: number): string {
  const steps = STEPS.slice(version);
  return steps.length === 0 ? '' : `BEGIN; ${steps.join('')} PRAGMA user_version = ${OUTBOX_SCHEMA}; COMMIT`;
}
