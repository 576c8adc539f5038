import { copyFileSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openOwnedDatabase } from './open-database.ts';

const MIGRATIONS = ['CREATE TABLE a (x INTEGER) STRICT', 'ALTER TABLE a ADD COLUMN y INTEGER'];

const newPath = () => join(mkdtempSync(join(tmpdir(), 'cw-db-')), 'some.db');

function columns(path: string): unknown[] {
  const db = new DatabaseSync(path);
  const names = db.prepare("SELECT name FROM pragma_table_info('a')").all();
  db.close();
  return names.map((row) => row['name']);
}

describe('a database with one owner', () => {
  it('refuses a second owner with a code, and is free again when the first is done', () => {
    const path = newPath();
    const first = openOwnedDatabase(path, MIGRATIONS);
    expect(() => openOwnedDatabase(path, MIGRATIONS)).toThrow(
      expect.objectContaining({ code: 'telemetry.database-in-use' }),
    );
    first.close();
    openOwnedDatabase(path, MIGRATIONS).close();
  });

  it('refuses a schema newer than it knows and leaves the file alone', () => {
    const path = newPath();
    openOwnedDatabase(path, MIGRATIONS).close();
    expect(() => openOwnedDatabase(path, MIGRATIONS.slice(0, 1))).toThrow(
      expect.objectContaining({ code: 'telemetry.schema-newer' }),
    );
    expect(columns(path)).toEqual(['x', 'y']);
  });

  it('migrates after a copy of the file', () => {
    const path = newPath();
    const old = openOwnedDatabase(path, MIGRATIONS.slice(0, 1));
    old.db.exec('INSERT INTO a VALUES (7)');
    old.close();
    const migrated = openOwnedDatabase(path, MIGRATIONS);
    expect(migrated.db.prepare('SELECT x, y FROM a').get()).toEqual({ x: 7, y: null });
    migrated.close();
    expect(columns(`${path}.before-upgrade-1`)).toEqual(['x']);
  });

  it('is as it was when a migration fails', () => {
    const path = newPath();
    openOwnedDatabase(path, MIGRATIONS.slice(0, 1)).close();
    expect(() => openOwnedDatabase(path, [...MIGRATIONS, 'CREATE TABLE a (z)'])).toThrow(
      expect.objectContaining({ code: 'telemetry.database-unusable' }),
    );
    expect(columns(path)).toEqual(['x']);
    openOwnedDatabase(path, MIGRATIONS).close();
  });

  it('says that a file is no database', () => {
    const path = newPath();
    copyFileSync(import.meta.filename, path);
    expect(() => openOwnedDatabase(path, MIGRATIONS)).toThrow(
      expect.objectContaining({ code: 'telemetry.database-unusable' }),
    );
    expect(existsSync(path)).toBe(true);
  });

  it('says that a folder is missing', () => {
    expect(() => openOwnedDatabase('/nowhere/at/all.db', MIGRATIONS)).toThrow(
      expect.objectContaining({ code: 'telemetry.database-unusable' }),
    );
  });
});
