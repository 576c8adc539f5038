/** Whether the database files are sound, as SQLite itself says: a table a slice. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  auditKey,
  type Check,
  type Fault,
  keyParts,
  lastSlice,
  type Position,
  type Slice,
} from '@commonworks/core/audit/index.ts';
import { storeFault } from '@commonworks/store/store-fault.ts';

const BUSY_TIMEOUT_MS = 5000;
/** What SQLite says of one table. */
const ROWS_MAX = 3;

/** `quick`: pages and rows; `whole`: every index and reference as well. */
export function createFilesCheck(files: readonly string[], depth: 'quick' | 'whole', everyMs: number): Check {
  const look = (from: Position) => lookAtTable(files, depth, keyParts(from.after));
  return { name: `files-${depth}`, invariant: 'files', everyMs, look };
}

/** `done`: the number of the file, and of its table that was looked at last; both from 1. */
function lookAtTable(files: readonly string[], depth: 'quick' | 'whole', done: readonly number[]): Slice {
  const [fileNo = 1, tableNo = 0] = done;
  const file = files[fileNo - 1];
  if (file === undefined) return lastSlice(0, []);
  const goOn = (after: string, checked: number, faults: Fault[]) => {
    return { next: { after, memo: '' }, isRound: false, checked, faults };
  };
  if (!existsSync(file)) return goOn(auditKey(fileNo + 1, 0), 0, []);
  const at = auditKey(fileNo, tableNo + 1);
  try {
    using db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    const table = db
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name LIMIT 1 OFFSET ?`)
      .get(tableNo)?.['name'];
    if (table === undefined) return goOn(auditKey(fileNo + 1, 0), 0, []);
    const subject = `${basename(file)}, table ${String(table)}`;
    const message = tableFault(db, String(table), depth);
    return goOn(at, 1, message === null ? [] : [{ at, subject, message: `${subject}: ${message}` }]);
  } catch (error) {
    if (storeFault(error) !== 'corrupt') throw error;
    // No table of it can be found any more: the next file.
    const faults = [{ at, subject: basename(file), message: `${basename(file)} is damaged: ${String(error)}` }];
    return goOn(auditKey(fileNo + 1, 0), 1, faults);
  }
}

function tableFault(db: DatabaseSync, table: string, depth: 'quick' | 'whole'): string | null {
  const name = `'${table.replaceAll("'", "''")}'`;
  const pragma = depth === 'quick' ? 'quick_check' : 'integrity_check';
  const said = db
    .prepare(`PRAGMA ${pragma}(${name})`)
    .all()
    .map((row) => String(Object.values(row)[0]));
  const wrong = said.filter((text) => text !== 'ok');
  if (wrong.length > 0) return wrong.slice(0, ROWS_MAX).join('; ');
  if (depth === 'quick') return null;
  const lost = db.prepare(`PRAGMA foreign_key_check(${name})`).all();
  return lost.length === 0 ? null : `${lost.length} rows refer to something that is gone`;
}
