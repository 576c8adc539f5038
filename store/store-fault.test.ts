/** Every fault provoked in a real database, and none of SQLite's result codes left without a judgement. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { faultWords, isStorageFault, resultCode, storeFault } from './store-fault.ts';

const folder = mkdtempSync(join(tmpdir(), 'store-fault-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newFile = () => join(folder, `${files++}.db`);

function filled(rows = 1): string {
  const file = newFile();
  using db = new DatabaseSync(file);
  db.exec('CREATE TABLE a (x INTEGER PRIMARY KEY, y TEXT NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO a VALUES (?, ?)');
  db.exec('BEGIN');
  for (let n = 1; n <= rows; n++) insert.run(n, 'some text that fills the pages of the file'.repeat(8));
  db.exec('COMMIT');
  return file;
}

function on(file: string, statements: readonly string[], options = {}): void {
  using db = new DatabaseSync(file, { timeout: 0, ...options });
  for (const statement of statements) db.prepare(statement).all();
}

const ADD = "INSERT INTO a VALUES (99, 'text')";

/** What each does to a real file; it ends in SQLite's own error. */
const PROVOKED: readonly [name: string, provoke: () => void, fault: string, primary: number][] = [
  [
    'a full disk',
    () => {
      using db = new DatabaseSync(filled());
      db.exec('PRAGMA max_page_count = 2');
      db.exec(`INSERT INTO a VALUES (50, '${'x'.repeat(100_000)}')`);
    },
    'disk',
    13,
  ],
  ['a read-only file', () => on(filled(), [ADD], { readOnly: true }), 'disk', 8],
  ['a folder that is not there', () => on(join(folder, 'none', 'b.db'), ['SELECT 1']), 'disk', 14],
  [
    'a file that another connection writes',
    () => {
      const file = filled();
      using other = new DatabaseSync(file);
      other.exec('BEGIN IMMEDIATE');
      on(file, [ADD]);
    },
    'busy',
    5,
  ],
  [
    'a table that this connection still reads',
    () => {
      using db = new DatabaseSync(filled(9));
      const reading = db.prepare('SELECT * FROM a').iterate();
      reading.next();
      db.exec('DROP TABLE a');
    },
    'busy',
    6,
  ],
  [
    'a page full of zeros',
    () => {
      const file = filled(500);
      const handle = openSync(file, 'r+');
      writeSync(handle, new Uint8Array(4096), 0, 4096, 4096);
      closeSync(handle);
      on(file, ['SELECT count(y) FROM a']);
    },
    'corrupt',
    11,
  ],
  [
    'a file that is no database',
    () => {
      const file = newFile();
      writeFileSync(file, 'this is a letter, and a long one'.repeat(100));
      on(file, ['SELECT * FROM sqlite_schema']);
    },
    'corrupt',
    26,
  ],
  ['a key that stands already', () => on(filled(), ["INSERT INTO a VALUES (1, 'again')"]), 'constraint', 19],
  ['a value that is missing', () => on(filled(), ['INSERT INTO a VALUES (2, NULL)']), 'constraint', 19],
  [
    'a trigger that refuses',
    () => on(filled(), ["CREATE TRIGGER t BEFORE INSERT ON a BEGIN SELECT RAISE(ABORT, 'never'); END", ADD]),
    'constraint',
    19,
  ],
  ['SQL that cannot be parsed', () => on(filled(), ['SELEC 1']), 'statement', 1],
  ['a table that is not there', () => on(filled(), ['SELECT * FROM b']), 'statement', 1],
  ['a function called with nonsense', () => on(filled(), ["SELECT json('{')"]), 'statement', 1],
  ['a number that is too large', () => on(filled(), ['SELECT abs(-9223372036854775808)']), 'statement', 1],
  ['a text that is too long', () => on(filled(), ['SELECT zeroblob(2000000000)']), 'statement', 18],
  [
    'a key of the wrong kind',
    () => on(newFile(), ['CREATE TABLE k (x INTEGER PRIMARY KEY)', "INSERT INTO k VALUES ('a')"]),
    'statement',
    20,
  ],
];

const caught = (provoke: () => void): unknown => {
  try {
    provoke();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was refused');
};

describe('the judgement of a database fault', () => {
  it.each(PROVOKED)('%s', (_, provoke, fault, primary) => {
    const error = caught(provoke);
    expect((resultCode(error) ?? 0) & 0xff).toBe(primary);
    expect(storeFault(error)).toBe(fault);
    expect(isStorageFault(error)).toBe(['disk', 'busy', 'corrupt'].includes(fault));
    expect(faultWords(error)).toMatch(new RegExp(`^${fault} fault, SQLite code \\d+$`));
  });

  it('knows every result code that stands for an error', () => {
    // 16 (EMPTY) is never used; 27 and above are no errors.
    const codes = Array.from({ length: 26 }, (_, n) => n + 1).filter((code) => code !== 16);
    for (const code of codes) {
      const error = { code: 'ERR_SQLITE_ERROR', errcode: code | (7 << 8) };
      expect(storeFault(error), `code ${code}`).not.toBeNull();
    }
  });

  it.each([
    [new Error('something else')],
    [Object.assign(new Error('a folder'), { code: 'ENOENT', errno: -2 })],
    [{ errcode: 13 }],
    ['text'],
    [null],
    [undefined],
  ])('leaves an error alone that is not SQLite’s: %s', (error) => {
    expect([storeFault(error), isStorageFault(error), faultWords(error)]).toEqual([null, false, null]);
  });
});
