/** The simulated disk bites: what is not flushed is lost, what is flushed stays, and wrong settings of a database are found out. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from './faults/real-time.ts';
import { compileVolatileDisk, createVolatileDisk, type VolatileDisk } from './faults/volatile-disk.ts';
import { seedOf } from './setup/seed.ts';

const SEED = seedOf('CUT_SEED');
const NOTHING = { keep: 'nothing' } as const;

let root: string;
let library: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'commonworks-disk-'));
  library = compileVolatileDisk(root);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let disks = 0;
function newDisk(before: Readonly<Record<string, string>> = {}): { folder: string; disk: VolatileDisk } {
  disks += 1;
  const aside = join(root, String(disks));
  const folder = join(aside, 'data');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(before)) writeFileSync(join(folder, name), text);
  return { folder, disk: createVolatileDisk({ folder, aside, library }) };
}

/** Runs a program on the disk until it ends; `fs`, `db` (a class) and `folder` are there. */
async function run(
  disk: VolatileDisk,
  folder: string,
  program: string,
): Promise<{ said: string; child: ChildProcess }> {
  const head = `const fs = require('node:fs'); const { DatabaseSync } = require('node:sqlite'); const folder = ${JSON.stringify(folder)};
    const path = (name) => folder + '/' + name; const say = (text) => fs.writeSync(1, text + '\\n');
    const flushFolder = () => { const f = fs.openSync(folder, 'r'); fs.fsyncSync(f); fs.closeSync(f); };`;
  const child = spawn(process.execPath, ['--no-warnings', '-e', head + program], {
    env: { ...process.env, ...disk.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  await once(child, 'close');
  return { said, child };
}

const read = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8');

describe('a file on the simulated disk', () => {
  it('loses what was written and not flushed, and keeps what was', async () => {
    const { folder, disk } = newDisk({ lost: 'old', kept: 'old', half: 'old' });
    await run(
      disk,
      folder,
      `fs.writeFileSync(path('lost'), 'newer');
       const kept = fs.openSync(path('kept'), 'r+'); fs.writeSync(kept, 'new'); fs.fsyncSync(kept);
       const half = fs.openSync(path('half'), 'r+'); fs.writeSync(half, 'new', 0); fs.fdatasyncSync(half);
       fs.writeSync(half, '!!', 1); fs.ftruncateSync(half, 2);`,
    );
    expect([read(folder, 'lost'), read(folder, 'kept'), read(folder, 'half')]).toEqual(['newer', 'new', 'n!']);
    disk.cutPower(NOTHING);
    expect([read(folder, 'lost'), read(folder, 'kept'), read(folder, 'half')]).toEqual(['old', 'new', 'new']);
  });

  it('has a new, another or no name only once the folder is flushed', async () => {
    const program = `fs.writeFileSync(path('new'), 'n', { flush: true }); fs.renameSync(path('moved'), path('there'));
      fs.copyFileSync(path('there'), path('copy')); fs.rmSync(path('gone'));`;
    const { folder, disk } = newDisk({ moved: 'm', gone: 'g' });
    await run(disk, folder, program);
    expect(readdirSync(folder).sort()).toEqual(['copy', 'new', 'there']);
    disk.cutPower(NOTHING);
    expect(readdirSync(folder).sort()).toEqual(['gone', 'moved']);
    await run(disk, folder, `${program} flushFolder();`);
    disk.cutPower(NOTHING);
    expect(readdirSync(folder).sort()).toEqual(['copy', 'new', 'there']);
    // The copy has its name; nobody flushed its bytes.
    expect([read(folder, 'new'), read(folder, 'there'), read(folder, 'copy')]).toEqual(['n', 'm', '']);
  });

  it('has any of the unflushed sectors after a cut that keeps some, the same ones for the same seed', async () => {
    const program = `const f = fs.openSync(path('f'), 'r+'); for (let i = 0; i < 64; i++) fs.writeSync(f, 'x'.repeat(512), i * 512);`;
    const cutWith = async (seed: number) => {
      const { folder, disk } = newDisk({ f: '-'.repeat(64 * 512) });
      await run(disk, folder, program);
      disk.cutPower({ keep: 'some', random: seeded(seed) });
      return read(folder, 'f');
    };
    const found: string[] = [];
    for (let i = 0; i < 8; i++) found.push(await cutWith(SEED + i));
    const sectors = found.flatMap((text) => text.match(/.{512}/g) ?? []);
    expect(sectors.every((sector) => /^(x+|-+)$/.test(sector))).toBe(true);
    expect(found.some((text) => text.includes('x') && text.includes('-'))).toBe(true);
    expect(await cutWith(SEED)).toBe(found[0]);
  });

  it('never gets what a failed flush should have written, however often it is flushed later', async () => {
    const { folder, disk } = newDisk({ f: 'old' });
    disk.fail({ of: 'flushes', errno: 'EIO', after: 0 });
    const { said } = await run(
      disk,
      folder,
      `const f = fs.openSync(path('f'), 'r+'); fs.writeSync(f, 'new', 0);
       try { fs.fsyncSync(f); } catch (error) { say(error.code); }
       const c = fs.openSync(${JSON.stringify(disk.env['VOLATILE_DISK_CONTROL'])}, 'r+'); fs.writeSync(c, Buffer.alloc(8), 0, 8, 64);
       fs.fsyncSync(f); say('flushed'); fs.writeSync(f, 'N', 0); fs.fsyncSync(f);`,
    );
    expect(said).toBe('EIO\nflushed\n');
    disk.cutPower(NOTHING);
    expect(read(folder, 'f')).toBe('Nld');
  });

  it('takes half of the write that no longer fits, and then nothing', async () => {
    const { folder, disk } = newDisk({ f: '' });
    disk.fail({ of: 'writes', errno: 'ENOSPC', after: 1 });
    const { said } = await run(
      disk,
      folder,
      `const f = fs.openSync(path('f'), 'r+'); say(fs.writeSync(f, 'abcd')); say(fs.writeSync(f, 'efgh'));
       try { fs.writeSync(f, 'ijkl'); } catch (error) { say(error.code); }`,
    );
    expect([said, read(folder, 'f')]).toEqual(['4\n2\nENOSPC\n', 'abcdef']);
  });
});

/** Commits numbered rows, saying each once it is committed, until the power fails; returns how many it said and how many are there. */
async function commitRows(pragmas: string, seed: number): Promise<{ said: number; there: number }> {
  const { folder, disk } = newDisk();
  const random = seeded(seed);
  const setUp = `const db = new DatabaseSync(path('db')); db.exec(${JSON.stringify(pragmas)});`;
  await run(
    disk,
    folder,
    `${setUp} db.exec('PRAGMA synchronous=FULL; CREATE TABLE r (n INTEGER PRIMARY KEY, filler BLOB)'); db.close();`,
  );
  disk.cutIn({ events: 40 + Math.floor(random() * 400) });
  const { said, child } = await run(
    disk,
    folder,
    `${setUp} const add = db.prepare('INSERT INTO r VALUES (?, randomblob(500))');
     for (let n = 1; ; n++) { add.run(n); say(n); }`,
  );
  expect(child.signalCode).toBe('SIGKILL');
  disk.cutPower(random() < 0.5 ? NOTHING : { keep: 'some', random });
  const db = new DatabaseSync(join(folder, 'db'));
  expect(db.prepare('PRAGMA integrity_check').get()?.['integrity_check']).toBe('ok');
  const there = Number(
    db.prepare('SELECT count(*) AS n FROM r WHERE n <= ?').get(said.trim().split('\n').length)?.['n'],
  );
  db.close();
  return { said: said.trim().split('\n').length, there };
}

describe('SQLite on the simulated disk', () => {
  const WAL = 'PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=20;';
  it.each([
    ['a write-ahead log flushed with every commit', `${WAL} PRAGMA synchronous=FULL`],
    ['a rollback journal', 'PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA'],
  ])('loses no row that it said was committed, with %s', async (_, pragmas) => {
    for (let i = 0; i < 4; i++) {
      const { said, there } = await commitRows(pragmas, SEED + i);
      expect(there).toBe(said);
    }
  });

  it('loses rows that it said were committed when commits are not flushed', async () => {
    const { said, there } = await commitRows(`${WAL} PRAGMA synchronous=NORMAL`, SEED);
    expect(there).toBeLessThan(said);
  });

  it('writes nothing that the disk does not see', async () => {
    const { folder, disk } = newDisk();
    const program = `for (const [i, mode] of ['DELETE', 'WAL', 'TRUNCATE', 'WAL'].entries()) {
      const db = new DatabaseSync(path('db')); db.exec('PRAGMA journal_mode=' + mode + '; CREATE TABLE IF NOT EXISTS r (n)');
      for (let i = 0; i < 50; i++) db.prepare('INSERT INTO r VALUES (randomblob(9000))').run();
      db.exec('DELETE FROM r WHERE rowid % 3 = 0; PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO r VALUES (1); VACUUM');
      const second = new DatabaseSync(path('db'), { readOnly: true }); second.prepare('SELECT count(*) FROM r').get(); second.close();
      if (mode === 'TRUNCATE') db.exec("VACUUM INTO '" + path('copy') + "'"); if (i < 3) db.close(); else db.exec('INSERT INTO r VALUES (2)'); }
      fs.copyFileSync(path('db'), path('copied')); fs.renameSync(path('copied'), path('copy')); process.kill(process.pid, 'SIGKILL');`;
    await run(disk, folder, program);
    const names = readdirSync(folder).filter((name) => !name.endsWith('-shm'));
    const stood = names.map((name) => [name, readFileSync(join(folder, name))] as const);
    expect(names).toEqual(['copy', 'db', 'db-wal']);
    disk.cutPower({ keep: 'everything' });
    expect(readdirSync(folder)).toEqual(names);
    for (const [name, bytes] of stood) expect(bytes.equals(readFileSync(join(folder, name)))).toBe(true);
  });

  it('is never asked to watch what it cannot see', async () => {
    const { folder, disk } = newDisk({ f: 'f' });
    await run(disk, folder, `fs.linkSync(path('f'), path('g'));`);
    expect(() => disk.cutPower(NOTHING)).toThrow('cannot see');
    expect(existsSync(join(folder, 'f'))).toBe(true);
  });
});
