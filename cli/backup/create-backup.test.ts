/** What a backup of a site holds, what it refuses, and that a failed one leaves nothing behind. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readLog } from '@commonworks/telemetry/log/read-log.ts';
import { describe, expect, it } from 'vitest';
import { createBackup } from './create-backup.ts';
import { frozen } from './inspect-files.ts';
import { keepNewest, listBackups } from './list-backups.ts';
import { type Manifest, manifestText } from './manifest.ts';
import { type SiteUnderTest, siteUnderTest } from './site-under-test.ts';

const copyOf = (backup: string, path: string) =>
  new DatabaseSync(frozen(join(backup, 'site', path)), { readOnly: true });
const refusal = (code: string) => expect.objectContaining({ code });

describe('a backup of a running site', () => {
  it('holds what stands only in the write-ahead logs, byte for byte, with keys, settings and outboxes', async () => {
    await using site = await siteUnderTest();
    // The fault it replaces: the copied file has not a single table.
    expect(statSync(join(site.dir, 'data', 'telemetry.db')).size).toBeLessThan(10_000);
    const { backup, manifest } = await createBackup(site.dir, site.target);
    const log = readLog(copyOf(backup, 'data/telemetry.db'), { after: 0, limit: 1000 }).entries;
    expect(log.map(({ body }) => body)).toEqual(site.bodies.map(String));
    expect(copyOf(backup, 'data/auth.db').prepare('SELECT id FROM user').get()).toEqual({ id: 'ida' });
    expect(copyOf(backup, 'edges/cellar.outbox.db').prepare('SELECT value FROM meta').get()).toBeDefined();
    for (const path of ['site.yaml', 'keys/community.key.pem', 'edges/cellar.yaml', 'data/hub-time.json']) {
      expect(readFileSync(join(backup, 'site', path)), path).toEqual(readFileSync(join(site.dir, path)));
    }
    expect(manifest).toMatchObject({
      community: { id: site.community },
      log: { head: site.bodies.length },
      ledger: { position: 3, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  it('copies in the order in which nothing refers to what is missing: log-ins, register, access, log', async () => {
    await using site = await siteUnderTest();
    const { manifest } = await createBackup(site.dir, site.target);
    const databases = manifest.files.filter(({ kind }) => kind === 'database').map(({ path }) => path);
    const data = ['auth', 'community', 'broker', 'telemetry'].map((name) => `data/${name}.db`);
    expect(databases).toEqual(['edges/cellar.outbox.db', ...data]);
    expect(manifest.files.findLastIndex(({ path }) => path.startsWith('keys/'))).toBeLessThan(
      manifest.files.findIndex(({ kind }) => kind === 'database'),
    );
  });

  it('is for the eyes of its owner alone, and no lock, log or copy of before is in it', async () => {
    await using site = await siteUnderTest();
    writeFileSync(join(site.dir, 'data', 'telemetry.db.before-upgrade-1'), 'old');
    mkdirSync(join(site.dir, 'data.before-restore-2026-01-01T00-00-00Z'));
    const { backup } = await createBackup(site.dir, site.target);
    for (const name of ['', ...readdirSync(backup, { recursive: true }).map(String)]) {
      const { mode } = statSync(join(backup, name));
      expect(mode & 0o077, name).toBe(0);
      expect(name).not.toMatch(/-wal$|-shm$|\.lock$|before|last-backup/);
    }
  });

  it('is remembered by the site, and is no different when the site is stopped', async () => {
    await using site = await siteUnderTest();
    const first = await createBackup(site.dir, site.target);
    await site.stop();
    const second = await createBackup(site.dir, site.target);
    const last = JSON.parse(readFileSync(join(site.dir, 'data', 'last-backup.json'), 'utf8')) as unknown;
    expect(last).toEqual({ atMs: second.manifest.createdMs, where: second.backup, bytes: second.bytes });
    expect(second.manifest.log).toEqual(first.manifest.log);
    expect(second.backup).not.toBe(first.backup);
  });
});

describe('a backup is refused, with a code and nothing left behind,', () => {
  const nothingLeft = (site: SiteUnderTest) => {
    expect(readdirSync(site.target)).toEqual([]);
    expect(existsSync(join(site.dir, 'data', 'last-backup.json'))).toBe(false);
  };

  it('into a folder that is not there, that is a file, or inside the site, also by a link', async () => {
    await using site = await siteUnderTest();
    const link = join(site.folder, 'link');
    symlinkSync(join(site.dir, 'data'), link);
    const file = join(site.folder, 'file');
    writeFileSync(file, '');
    const missing = refusal('backup.target-missing');
    const inside = refusal('backup.target-inside-site');
    await expect(createBackup(site.dir, join(site.folder, 'nowhere'))).rejects.toThrow(missing);
    await expect(createBackup(site.dir, file)).rejects.toThrow(missing);
    for (const dir of [site.dir, join(site.dir, 'data'), link]) {
      await expect(createBackup(site.dir, dir)).rejects.toThrow(inside);
    }
    await expect(createBackup(join(site.folder, 'none'), site.target)).rejects.toThrow(refusal('site.not-found'));
    nothingLeft(site);
  });

  it('where nobody may write', async () => {
    await using site = await siteUnderTest();
    await expect(createBackup(site.dir, '/proc/self')).rejects.toThrow(refusal('backup.unwritable'));
    nothingLeft(site);
  });

  it('when there is no room for it', async () => {
    await using site = await siteUnderTest();
    const { bavail, bsize } = statfsSync(site.target);
    const large = join(site.dir, 'flows');
    writeFileSync(large, '');
    // A hole takes no room here; its copy would.
    truncateSync(large, bavail * bsize + 1_000_000_000);
    await expect(createBackup(site.dir, site.target)).rejects.toThrow(refusal('backup.disk-full'));
    nothingLeft(site);
  });

  it('when its disk takes no more in the middle of a database', async () => {
    await using site = await siteUnderTest({ packs: 2000 });
    await site.stop();
    const root = join(import.meta.dirname, '..', '..');
    // No file may grow to the length of the log.
    const limit = statSync(join(site.dir, 'data', 'telemetry.db')).size - 5000;
    const words = [`--fsize=${limit}`, '--', process.execPath, 'cli/main.ts', 'backup', 'create'];
    const { status, stderr } = spawnSync('/usr/bin/prlimit', [...words, site.dir, site.target], {
      cwd: root,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/backup\.(unwritable|disk-full)/)]);
    nothingLeft(site);
  });

  it('when a pack of the log is not what was acknowledged, or the ledger was changed', async () => {
    await using site = await siteUnderTest();
    await site.stop();
    const damage = (file: string, sql: string) => {
      const db = new DatabaseSync(join(site.dir, 'data', file));
      db.exec(sql);
      db.close();
    };
    const good = await createBackup(site.dir, site.target);
    damage('telemetry.db', "UPDATE pack SET body = x'00' WHERE cursor = 7");
    damage(
      'community.db',
      "DROP TRIGGER ledger_entry_no_update; UPDATE ledger_entry SET body = '{}' WHERE position = 2",
    );
    const failed = createBackup(site.dir, site.target);
    await expect(failed).rejects.toThrow(/telemetry.db 1 of 50 packs .* cursor 7/);
    await expect(failed).rejects.toThrow(/community.db its ledger is broken: entry 2 does not follow entry 1/);
    await expect(failed).rejects.toThrow(refusal('backup.site-damaged'));
    expect(readdirSync(site.target).map((name) => join(site.target, name))).toEqual([good.backup]);
  });

  it.each(['telemetry.db', 'broker.db', 'community.db', 'auth.db'])(
    'when %s is garbage, empty or gone',
    async (name) => {
      await using site = await siteUnderTest();
      await site.stop();
      const file = join(site.dir, 'data', name);
      const words = new RegExp(`${name} (is|has|SqliteError|Error)`);
      const attempt = async () => {
        await expect(createBackup(site.dir, site.target)).rejects.toThrow(refusal('backup.site-damaged'));
        await expect(createBackup(site.dir, site.target)).rejects.toThrow(words);
      };
      writeFileSync(file, 'no database at all '.repeat(1000));
      await attempt();
      truncateSync(file);
      await attempt();
      rmSync(file);
      await attempt();
      nothingLeft(site);
    },
  );

  it('when a database of the site is none any more', async () => {
    await using site = await siteUnderTest();
    await site.stop();
    writeFileSync(
      join(site.dir, 'data', 'auth.db'),
      Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(9000, 7)]),
    );
    await expect(createBackup(site.dir, site.target)).rejects.toThrow(refusal('backup.site-damaged'));
    nothingLeft(site);
  });
});

describe('the folder of backups', () => {
  it('keeps the newest good ones of one site, and leaves others and damaged ones alone', async () => {
    await using site = await siteUnderTest();
    await using other = await siteUnderTest();
    await createBackup(other.dir, site.target);
    const made: string[] = [];
    for (let n = 0; n < 4; n++) {
      const { backup, manifest } = await createBackup(site.dir, site.target);
      expect(manifest.number).toBe(n + 1);
      made.push(backup);
    }
    // The clock was a year ahead when the second was made.
    const ahead = join(made[1] ?? '', 'backup.json');
    const { seal: _, ...second } = JSON.parse(readFileSync(ahead, 'utf8')) as Manifest & { seal: string };
    writeFileSync(ahead, manifestText({ ...second, createdMs: second.createdMs + 31_536_000_000 }));
    const names = made.map((path) => path.slice(site.target.length + 1));
    writeFileSync(join(made[0] ?? '', 'site', 'site.yaml'), 'cut');
    const removed = await keepNewest(site.target, { name: names[3] ?? '', community: site.community }, 2);
    expect(removed).toEqual([names[1]]);
    const left = await listBackups(site.target);
    expect(left.filter(({ manifest }) => manifest?.community.id === other.community)).toHaveLength(1);
    expect(left.filter(({ fault }) => fault !== null).map(({ name }) => name)).toEqual([names[0]]);
    expect(left.map(({ name }) => name)).toContain(names[2]);
  });

  it('is cleared of what an earlier life of ours left unfinished', async () => {
    await using site = await siteUnderTest();
    await using first = await siteUnderTest();
    const { openStaging } = await import('./staging.ts');
    const left = await openStaging(site.target, '.unfinished-');
    const [name = ''] = readdirSync(site.target);
    // Of a process that is no more: numbers end far below.
    const dead = join(site.target, name.replace(/\d+$/, '99999999'));
    left.remove();
    mkdirSync(dead);
    writeFileSync(join(dead, 'half'), 'half');
    await createBackup(first.dir, site.target);
    expect(readdirSync(site.target).filter((one) => one.startsWith('.unfinished-'))).toEqual([]);
  });
});
