/** The file's promises: settings, versions, backup, refusal, append-only. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { METERING_MIGRATIONS } from './metering/migrations.ts';
import { type FolderMigrations, migrate } from './migrate.ts';
import { REGISTER_MIGRATIONS } from './register/migrations.ts';
import { listPoints } from './register/points.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'community-db-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('openDatabase', () => {
  it('commits durably, waits for a busy file and enforces references', async () => {
    await using db = await openDatabase(join(folder, 'c.db'));
    const pragma = async (name: string) =>
      Object.values((await sql<Record<string, unknown>>`${sql.raw(`PRAGMA ${name}`)}`.execute(db)).rows[0] ?? {})[0];
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('foreign_keys')).toBe(1);
    expect(await pragma('busy_timeout')).toBe(5000);
  });

  it('refuses a file of a newer version and does not touch it', async () => {
    const file = join(folder, 'c.db');
    await (await openDatabase(file)).destroy();
    const raw = new DatabaseSync(file);
    raw.exec("UPDATE schema_version SET version = 99 WHERE folder = 'ledger'");
    raw.close();
    await expect(openDatabase(file)).rejects.toMatchObject({ code: 'community.schema-newer' });
    expect(readdirSync(folder).filter((name) => name.includes('before'))).toEqual([]);
  });

  it('says so when the file is no database', async () => {
    await expect(openDatabase(folder)).rejects.toMatchObject({ code: 'community.database-unusable' });
  });

  it('lets a second transaction wait for the first instead of mixing them', async () => {
    await using db = await openDatabase(':memory:');
    const order: string[] = [];
    const first = db.transaction().execute(async () => {
      order.push('first begins');
      await Promise.resolve();
      order.push('first ends');
    });
    const second = db.transaction().execute(async () => {
      order.push('second');
    });
    await Promise.all([first, second]);
    expect(order).toEqual(['first begins', 'first ends', 'second']);
  });
});

describe('migrate', () => {
  const step1 = 'CREATE TABLE a (x INTEGER) STRICT';
  it('copies the file before it upgrades it', () => {
    const file = join(folder, 'm.db');
    const raw = new DatabaseSync(file);
    migrate(raw, file, [{ folder: 'f', steps: [step1] }]);
    expect(existsSync(`${file}.before-f1`)).toBe(false);
    migrate(raw, file, [{ folder: 'f', steps: [step1, 'ALTER TABLE a ADD COLUMN y INTEGER'] }]);
    expect(existsSync(`${file}.before-f1`)).toBe(true);
    raw.close();
  });

  it('keeps what waited for the clock of a boot, under the edge it came from', () => {
    const raw = new DatabaseSync(':memory:');
    const [first = ''] = METERING_MIGRATIONS.steps;
    migrate(raw, ':memory:', [{ folder: 'metering', steps: [first] }]);
    raw.exec(`INSERT INTO pending_pack VALUES (7, 'b', '{"edge":"e"}'); INSERT INTO boot_clock VALUES ('c', 5);
      INSERT INTO source (edge, epoch) VALUES ('e', 'x'), ('e', 'y'), ('f', 'x')`);
    migrate(raw, ':memory:', [METERING_MIGRATIONS]);
    expect(raw.prepare('SELECT boot FROM pending_pack').all()).toEqual([{ boot: 'e/b' }]);
    const clocks = raw.prepare('SELECT boot, offset_ms FROM boot_clock ORDER BY boot').all();
    expect(clocks).toEqual(['e/c', 'f/c'].map((boot) => ({ boot, offset_ms: 5 })));
  });

  it('knows nothing yet of the power and the modulus of points and meters that were registered before', async () => {
    const file = join(folder, 'c.db');
    const former: FolderMigrations[] = [
      { ...REGISTER_MIGRATIONS, steps: REGISTER_MIGRATIONS.steps.slice(0, 1) },
      { ...METERING_MIGRATIONS, steps: METERING_MIGRATIONS.steps.slice(0, 2) },
    ];
    const raw = new DatabaseSync(file);
    migrate(raw, file, former);
    raw.exec(`INSERT INTO metering_point (community, id, name, role) VALUES ('c', 'p', 'Home', 'consumer');
      INSERT INTO assignment (point_no, edge, device, from_ms) VALUES (1, 'e', 'home-1', 0);
      INSERT INTO derive_request (point_no, from_ms) VALUES (1, 5)`);
    raw.close();
    await using db = await openDatabase(file);
    expect(existsSync(`${file}.before-metering2-register1`)).toBe(true);
    expect(await listPoints(db)).toMatchObject([{ ratedPowerW: null, assignments: [{ registerModulusWh: null }] }]);
    expect(await db.selectFrom('derive_request').selectAll().execute()).toMatchObject([{ from_ms: 5, to_ms: null }]);
  });

  it('leaves everything as it was when a step fails', () => {
    const raw = new DatabaseSync(':memory:');
    migrate(raw, ':memory:', [{ folder: 'f', steps: [step1] }]);
    expect(() =>
      migrate(raw, ':memory:', [{ folder: 'f', steps: [step1, 'CREATE TABLE b (x INTEGER)', 'NONSENSE'] }]),
    ).toThrow();
    expect(raw.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'b'").get()).toEqual({ n: 0 });
    expect(raw.prepare('SELECT version FROM schema_version').get()).toEqual({ version: 1 });
  });
});

describe('append-only tables', () => {
  const insert = sql`INSERT INTO share_transfer VALUES (1, 'c', 'issue', 'community', 5, 0, 'founding')`;
  it.each([
    ['update', sql`UPDATE share_transfer SET shares = 6`],
    ['delete', sql`DELETE FROM share_transfer`],
    ['replace', sql`INSERT OR REPLACE INTO share_transfer VALUES (1, 'c', 'issue', 'community', 6, 0, 'x')`],
    [
      'upsert',
      sql`INSERT INTO share_transfer VALUES (1, 'c', 'issue', 'community', 6, 0, 'x') ON CONFLICT DO UPDATE SET shares = 6`,
    ],
  ])('refuse an %s', async (_, statement) => {
    await using db = await openDatabase(':memory:');
    await insert.execute(db);
    await expect(statement.execute(db)).rejects.toThrow('append-only');
    await sql`PRAGMA recursive_triggers = OFF`.execute(db);
    await expect(statement.execute(db)).rejects.toThrow('append-only');
  });
});
