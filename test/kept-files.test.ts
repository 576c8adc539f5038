/** Files beside the databases, when the power fails: a copy made before an upgrade is whole or not there, a time confirmed stays so. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readConfirmations } from '@commonworks/clock/hub-time.ts';
import { migrate } from '@commonworks/community/migrate.ts';
import { openOwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from './faults/real-time.ts';
import { compileVolatileDisk, createVolatileDisk, type VolatileDisk } from './faults/volatile-disk.ts';
import { seedOf } from './setup/seed.ts';

const SEED = seedOf('CUT_SEED');
const CUTS = process.env['LONG'] === '1' ? 60 : 6;

let root: string;
let library: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'commonworks-kept-'));
  library = compileVolatileDisk(root);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let disks = 0;
function newFolder(): { folder: string; aside: string } {
  const aside = join(root, String(++disks));
  mkdirSync(join(aside, 'data'), { recursive: true });
  return { folder: join(aside, 'data'), aside };
}

/** Runs a module on the disk until it ends, or its power fails; modules of the project are imported by their names. */
async function run(disk: VolatileDisk, program: string): Promise<string> {
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'code'), ...disk.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  await once(child, 'close');
  if (child.exitCode !== 0 && !disk.hasFailed()) throw new Error('the program failed');
  return said;
}

const FIRST = 'CREATE TABLE r (n INTEGER PRIMARY KEY, filler BLOB)';
const SECOND = 'ALTER TABLE r ADD COLUMN more TEXT; UPDATE r SET more = hex(filler)';
const FILL = `INSERT INTO r WITH RECURSIVE s (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s WHERE value < 40)
  SELECT value, randomblob(3000) FROM s`;

const UPGRADES = [
  {
    of: 'telemetry',
    copy: 'db.before-upgrade-1',
    make: (file: string) => {
      const { db, close } = openOwnedDatabase(file, [FIRST]);
      db.exec(FILL);
      close();
    },
    upgrade: (file: string) => `import { openOwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
      openOwnedDatabase(${JSON.stringify(file)}, ${JSON.stringify([FIRST, SECOND])}).close();`,
  },
  {
    of: 'community',
    copy: 'db.before-r1',
    make: (file: string) => {
      const db = new DatabaseSync(file);
      db.exec('PRAGMA journal_mode = WAL');
      migrate(db, file, [{ folder: 'r', steps: [FIRST] }]);
      db.exec(FILL);
      db.close();
    },
    upgrade: (file: string) => `import { DatabaseSync } from 'node:sqlite';
      import { migrate } from '@commonworks/community/migrate.ts';
      const db = new DatabaseSync(${JSON.stringify(file)}); db.exec('PRAGMA synchronous = FULL');
      migrate(db, ${JSON.stringify(file)}, ${JSON.stringify([{ folder: 'r', steps: [FIRST, SECOND] }])}); db.close();`,
  },
];

describe(`a copy made before an upgrade (CUT_SEED=${SEED})`, () => {
  it.each(UPGRADES)(
    'of $of is whole or not there, wherever the power fails, and there after the upgrade',
    async ({ copy, make, upgrade }) => {
      const random = seeded(SEED);
      for (let cut = 0; cut < CUTS; cut++) {
        const { folder, aside } = newFolder();
        make(join(folder, 'db'));
        const disk = createVolatileDisk({ folder, aside, library });
        disk.cutIn({ events: 1 + Math.floor(random() * 150) });
        const isDone = (await run(disk, `${upgrade(join(folder, 'db'))} process.stdout.write('done');`)) === 'done';
        disk.cutPower(cut % 2 === 0 ? { keep: 'nothing' } : { keep: 'some', random });
        const kept = join(folder, copy);
        if (isDone) expect(existsSync(kept)).toBe(true);
        if (existsSync(kept)) expect(rowsOf(kept)).toEqual({ columns: 2, rows: 40 });
        await run(disk, upgrade(join(folder, 'db')));
        expect(rowsOf(kept)).toEqual({ columns: 2, rows: 40 });
        expect(rowsOf(join(folder, 'db'))).toEqual({ columns: 3, rows: 40 });
        disk.close();
      }
    },
  );
});

function rowsOf(file: string): { columns: number; rows: number } {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    expect(db.prepare('PRAGMA integrity_check').get()?.['integrity_check']).toBe('ok');
    const rows = db.prepare('SELECT * FROM r').all();
    return { columns: Object.keys(rows[0] ?? {}).length, rows: rows.length };
  } finally {
    db.close();
  }
}

it('a time that a person confirmed is still confirmed after a power cut', async () => {
  const { folder, aside } = newFolder();
  const disk = createVolatileDisk({ folder, aside, library });
  const confirm = `import { confirmTime } from '@commonworks/clock/keep-hub-time.ts';
    const hub = { moment: () => ({ boot: 'b', upMs: 1, nowMs: 1000 }), refresh: async () => undefined };
    await confirmTime(${JSON.stringify(folder)}, hub, { browserMs: 2000, roundTripMs: 0, by: 'ada' });`;
  await run(disk, confirm);
  disk.cutPower({ keep: 'nothing' });
  expect(readConfirmations(folder).map(({ by }) => by)).toEqual(['ada']);
  disk.close();
});
