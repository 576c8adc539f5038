/** A backup put back: what it must be, where it may go, and what is kept of the site that was there. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { currentGeneration } from '@commonworks/telemetry/log/log-identity.ts';
import { readLog } from '@commonworks/telemetry/log/read-log.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { describe, expect, it } from 'vitest';
import { createBackup } from './create-backup.ts';
import { type Manifest, manifestText, readManifest } from './manifest.ts';
import { restoreBackup } from './restore-backup.ts';
import { type SiteUnderTest, siteUnderTest } from './site-under-test.ts';
import { verifyBackup } from './verify-backup.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const refusal = (code: string) => expect.objectContaining({ code });

function commonworks(...args: string[]) {
  const words = ['cli/main.ts', ...args];
  return spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' });
}

function withDatabase<T>(file: string, use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

function withLog<T>(dir: string, use: (db: DatabaseSync) => T): T {
  return withDatabase(join(dir, 'data', 'telemetry.db'), use);
}

async function stoppedWithBackup(site: SiteUnderTest): Promise<string> {
  await site.stop();
  return (await createBackup(site.dir, site.target)).backup;
}

describe('a verification', () => {
  it('says of a whole backup that it is good, and names a damaged file with what it means', async () => {
    await using site = await siteUnderTest();
    const backup = await stoppedWithBackup(site);
    expect((await verifyBackup(backup, 1)).damages).toEqual([]);
    const meanings = {
      'data/telemetry.db': 'meters sent',
      'data/community.db': 'ledger',
      'data/auth.db': 'log-ins',
      'keys/badge.key': 'a key',
      'edges/cellar.outbox.db': 'had not sent',
    };
    for (const [path, meaning] of Object.entries(meanings)) {
      const file = join(backup, 'site', path);
      const whole = readFileSync(file);
      const damaged = Buffer.from(whole);
      damaged[Math.floor(whole.length * 0.9)] = (damaged[Math.floor(whole.length * 0.9)] ?? 0) ^ 1;
      writeFileSync(file, damaged);
      const { damages } = await verifyBackup(backup, 1);
      expect(damages, path).toEqual([{ path, what: expect.any(String), meaning: expect.stringContaining(meaning) }]);
      rmSync(file);
      expect((await verifyBackup(backup, 1)).damages, path).toMatchObject([{ path, what: 'is missing' }]);
      writeFileSync(file, whole);
    }
    expect((await verifyBackup(backup, 1)).damages).toEqual([]);
    const command = commonworks('backup', 'verify', backup);
    expect([command.status, command.stdout]).toEqual([0, expect.stringMatching(/^good: "Testhof" .* cursor 50/)]);
    rmSync(join(backup, 'site', 'site.yaml'));
    const failed = commonworks('backup', 'verify', backup);
    expect([failed.status, failed.stdout]).toEqual([1, expect.stringContaining('site.yaml is missing')]);
    expect(commonworks('backup', 'list', site.target).stdout).toMatch(/DAMAGED: site.yaml is missing/);
  });

  it('is not good where its list lacks a database of the site, or took one that is none for any other file', async () => {
    await using site = await siteUnderTest();
    const { backup } = await createBackup(site.dir, site.target);
    const kept = readManifest(backup);
    const broker = 'data/broker.db';
    const rewrite = (files: Manifest['files']) =>
      writeFileSync(join(backup, 'backup.json'), manifestText({ ...kept, files }));
    rewrite(kept.files.filter(({ path }) => path !== broker));
    expect((await verifyBackup(backup, 1)).damages).toMatchObject([
      { path: broker, what: expect.stringMatching(/not in it/) },
    ]);
    writeFileSync(join(backup, 'site', broker), 'garbage');
    const sha256 = createHash('sha256').update('garbage').digest('hex');
    const asFile = { path: broker, kind: 'file', bytes: 7, sha256 } as const;
    rewrite(kept.files.map((file) => (file.path === broker ? asFile : file)));
    expect((await verifyBackup(backup, 1)).damages).toMatchObject([
      { path: broker, what: expect.stringMatching(/not a database/) },
    ]);
  });

  it('sees a change of the list itself', async () => {
    await using site = await siteUnderTest();
    const backup = await stoppedWithBackup(site);
    const file = join(backup, 'backup.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"head": 50', '"head": 49'));
    expect(() => readManifest(backup)).toThrow(refusal('backup.damaged'));
    writeFileSync(file, text.slice(0, 100));
    expect(() => readManifest(backup)).toThrow(refusal('backup.damaged'));
  });
});

describe('a restoration into a new folder', () => {
  it('gives the same site with a log of a new generation, and leaves the backup as it was', async () => {
    await using site = await siteUnderTest();
    const backup = await stoppedWithBackup(site);
    const into = join(site.folder, 'new');
    const { generation, aside } = await restoreBackup(backup, into, { over: false });
    expect(aside).toBeNull();
    withLog(into, (db) => {
      expect(readLog(db, { after: 0, limit: 1000 }).entries.map(({ body }) => body)).toEqual(site.bodies.map(String));
      expect(currentGeneration(db)).toEqual(generation);
      expect(generation).toMatchObject({ generation: 2, cause: 'restored', afterCursor: 50 });
      expect(generation?.firstCursor).toBeGreaterThan(50);
    });
    const last = JSON.parse(readFileSync(join(into, 'data', 'last-backup.json'), 'utf8')) as unknown;
    expect(last).toMatchObject({ where: backup });
    for (const name of readdirSync(into, { recursive: true }).map(String)) {
      expect(statSync(join(into, name)).mode & 0o077, name).toBe(0);
      expect(name).not.toMatch(/restoring|\.lock$|before/);
    }
    expect((await verifyBackup(backup, 1)).damages).toEqual([]);
  });

  it('takes a backup of an older schema, and migrates its log', async () => {
    await using site = await siteUnderTest({ migrations: 1 });
    const backup = await stoppedWithBackup(site);
    expect(readManifest(backup).log).toEqual({ id: null, generation: null, head: 50 });
    const into = join(site.folder, 'new');
    await restoreBackup(backup, into, { over: false });
    withLog(into, (db) => {
      expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: TELEMETRY_MIGRATIONS.length });
      expect(readLog(db, { after: 0, limit: 1000 }).entries).toHaveLength(50);
      expect(currentGeneration(db).cause).toBe('restored');
    });
    expect(readdirSync(join(into, 'data')).filter((name) => name.includes('before'))).toEqual([]);
  });

  it('gives two lives of one backup different generations, even where nothing is left of the first', async () => {
    await using site = await siteUnderTest();
    const backup = await stoppedWithBackup(site);
    const hour = 3_600_000;
    const { seal: _, ...old } = JSON.parse(readFileSync(join(backup, 'backup.json'), 'utf8')) as Manifest & {
      seal: string;
    };
    writeFileSync(join(backup, 'backup.json'), manifestText({ ...old, createdMs: old.createdMs - hour }));
    const { generation } = await restoreBackup(backup, join(site.folder, 'new'), { over: false });
    expect(generation?.generation).toBeGreaterThanOrEqual(61);
  });

  it('is refused for what is damaged, newer, no backup, or not empty; and no folder is left', async () => {
    await using site = await siteUnderTest();
    const backup = await stoppedWithBackup(site);
    const into = join(site.folder, 'new');
    const attempt = (from = backup, to = into) => expect(restoreBackup(from, to, { over: false })).rejects;
    await attempt(site.target).toThrow(refusal('backup.not-found'));
    await attempt(backup, site.dir).toThrow(refusal('backup.into-not-empty'));
    await attempt(backup, join(site.folder, 'no', 'where')).toThrow(refusal('backup.target-missing'));
    await attempt(backup, join(backup, 'site', 'deep')).toThrow(refusal('backup.target-inside-site'));
    const file = join(backup, 'backup.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"format": 1', '"format": 2'));
    await attempt().toThrow(refusal('backup.format-newer'));
    const { seal: _, ...manifest } = JSON.parse(text) as Manifest & { seal: string };
    const files = manifest.files.map((one) =>
      one.path === 'data/telemetry.db' ? { ...one, schema: { file: 99 } } : one,
    );
    writeFileSync(file, manifestText({ ...manifest, files }));
    await attempt().toThrow(refusal('backup.format-newer'));
    writeFileSync(file, text);
    rmSync(join(backup, 'site', 'keys', 'badge.key'));
    await attempt().toThrow(refusal('backup.damaged'));
    expect(existsSync(into)).toBe(false);
  });
});

describe('a restoration over the old site', () => {
  it('keeps its data aside and its newer outboxes, and gives out no cursor that it gave out', async () => {
    await using site = await siteUnderTest();
    const backup = await stoppedWithBackup(site);
    withLog(site.dir, (db) => {
      db.exec("INSERT INTO pack SELECT 5000000, source, 999, 1, hash, 0, x'00', NULL, NULL FROM pack WHERE cursor = 1");
      db.exec("INSERT INTO log_identity VALUES (1, 'a')");
      db.exec("INSERT INTO log_generation VALUES (7, 1, 'repaired', 50, 51, 50)");
    });
    const outbox = join('edges', 'cellar.outbox.db');
    withDatabase(join(site.dir, outbox), (db) => db.exec("UPDATE meta SET value = 'of now'"));
    const args = ['backup', 'restore', backup, site.dir, '--over', '--json'];
    const { stdout, stderr } = commonworks(...args);
    expect(stderr).toBe('');
    const first = JSON.parse(stdout) as { aside: string; generation: { generation: number; firstCursor: number } };
    expect(first.generation.generation).toBe(8);
    expect(first.generation.firstCursor).toBeGreaterThan(5_000_000);
    expect(withDatabase(join(site.dir, outbox), (db) => db.prepare('SELECT value FROM meta').get())).toEqual({
      value: 'of now',
    });
    expect(withLog(first.aside, (db) => db.prepare('SELECT max(cursor) AS head FROM pack').get())).toEqual({
      head: 5_000_000,
    });
    expect(existsSync(join(first.aside, 'keys', 'badge.key'))).toBe(true);
    // Once more, with a log that cannot be read any more: what was kept aside is remembered.
    writeFileSync(join(site.dir, 'data', 'telemetry.db'), 'no database');
    const second = JSON.parse(commonworks(...args).stdout) as typeof first;
    expect(second.generation.generation).toBeGreaterThanOrEqual(8);
    expect(second.generation.firstCursor).toBeGreaterThan(5_000_000);
    expect(second.aside).not.toBe(first.aside);
    expect(readdirSync(site.dir).filter((name) => name.startsWith('data.before-restore-'))).toHaveLength(2);
  });

  it('is refused while it runs, for another community, and for a folder of other things', async () => {
    await using site = await siteUnderTest();
    await using other = await siteUnderTest();
    const { backup } = await createBackup(site.dir, site.target);
    // A broker that was started by itself holds only its databases.
    await expect(restoreBackup(backup, site.dir, { over: true })).rejects.toThrow(refusal('backup.site-running'));
    await expect(restoreBackup(backup, other.dir, { over: true })).rejects.toThrow(refusal('backup.other-site'));
    const things = join(site.folder, 'things');
    mkdirSync(things);
    writeFileSync(join(things, 'letter.txt'), 'dear');
    await expect(restoreBackup(backup, things, { over: true })).rejects.toThrow(refusal('backup.into-not-empty'));
    expect(readdirSync(things)).toEqual(['letter.txt']);
    expect(readdirSync(site.dir).sort()).toEqual(['data', 'edges', 'keys', 'site.yaml']);
  });

  it('is refused with the words of what to do while `run` holds the site', async () => {
    await using site = await siteUnderTest();
    const backup = await stoppedWithBackup(site);
    const hold = `import { holdSite } from ${JSON.stringify(join(ROOT, 'cli/site/hold-site.ts'))};
      await holdSite(${JSON.stringify(site.dir)});
      setInterval(() => undefined, 1000);
      process.stdout.write('held');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', hold]);
    await once(child.stdout, 'data');
    const { status, stderr } = commonworks('backup', 'restore', backup, site.dir, '--over');
    child.kill('SIGKILL');
    expect(status).toBe(1);
    expect(stderr).toMatch(/is running\n.*backup\.site-running\n.*Stop it: Ctrl-C .* give the same command again/);
  });

  it('goes on after a power cut in the middle of moving in, with nothing lost', async () => {
    await using site = await siteUnderTest();
    const backup = await stoppedWithBackup(site);
    // As it stands then: the settings are aside, the rest still there, something staged.
    const aside = join(site.dir, 'data.before-restore-2026-01-01T00-00-00Z');
    mkdirSync(aside);
    mkdirSync(join(site.dir, '.restoring-00000000-99999999'));
    const settings = readFileSync(join(site.dir, 'site.yaml'));
    writeFileSync(join(aside, 'site.yaml'), settings);
    rmSync(join(site.dir, 'site.yaml'));
    const { aside: second } = await restoreBackup(backup, site.dir, { over: true });
    expect(readFileSync(join(site.dir, 'site.yaml'))).toEqual(settings);
    expect(readFileSync(join(aside, 'site.yaml'))).toEqual(settings);
    expect(existsSync(join(second ?? '', 'data', 'telemetry.db'))).toBe(true);
  });
});
