/** The very first start, when files and tables are made: cut anywhere it can be begun again, and a disk that refuses it is named. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Said as SaidOfLedger } from './cuts/ledger-writer.ts';
import type { Said as SaidOfOutbox } from './cuts/outbox-writer.ts';
import { onDisk } from './cuts/power-cut.ts';
import { liveUntilCut } from './cuts/writer-process.ts';
import { seeded } from './faults/real-time.ts';
import { compileVolatileDisk, createVolatileDisk, type VolatileDisk } from './faults/volatile-disk.ts';
import { newBrokerSite, startBrokerProcess } from './peers/broker-process.ts';
import { seedOf } from './setup/seed.ts';

const SEED = seedOf('CUT_SEED');
const STARTS = process.env['LONG'] === '1' ? 40 : 3;

/** Of an outbox: its tables are there, and its first epoch is not. */
const LAST_FLUSH = 8;

let root: string;
let library: string;
let env: { NODE_COMPILE_CACHE: string };
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'commonworks-first-'));
  library = compileVolatileDisk(root);
  env = { NODE_COMPILE_CACHE: join(root, 'code') };
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Said = SaidOfLedger | SaidOfOutbox;
/** `steps`: of the disk, in a whole first start; `code`: what it says when the disk refuses. */
const WRITERS = [
  {
    what: 'an outbox',
    entry: './cuts/outbox-writer.ts',
    args: ['edge', '1'],
    steps: 65,
    code: 'edge.outbox-write-failed',
  },
  {
    what: 'a community',
    entry: './cuts/ledger-writer.ts',
    args: ['1'],
    steps: 270,
    code: 'community.database-unusable',
  },
] as const;

let disks = 0;
function emptyDisk(): { file: string; disk: VolatileDisk } {
  const aside = join(root, String(++disks));
  const folder = join(aside, 'data');
  mkdirSync(folder, { recursive: true });
  return { file: join(folder, 'file.db'), disk: createVolatileDisk({ folder, aside, library }) };
}

describe(`a first start (CUT_SEED=${SEED})`, () => {
  it.each(WRITERS)('of $what is begun again after a cut', async ({ entry, args, steps }) => {
    const random = seeded(SEED);
    for (let i = 0; i < STARTS; i++) {
      const { file, disk } = emptyDisk();
      const start = () => startOnce(disk, { entry, args: [file, ...args] });
      disk.cutIn({ events: 1 + Math.floor(random() * steps) });
      await start();
      disk.cutPower(i % 2 === 0 ? { keep: 'nothing' } : { keep: 'some', random });
      const { lines } = await start();
      expect(lines[0]).toMatchObject({ said: 'open' });
      if (lines[0] !== undefined && 'damagedFile' in lines[0]) expect(lines[0].damagedFile).toBeNull();
      disk.close();
    }
  });

  it.each(WRITERS)(
    'of $what says $code when the disk refuses it, and works on a better day',
    async ({ entry, args, code, steps }) => {
      const random = seeded(SEED);
      for (let i = 0; i < STARTS; i++) {
        const { file, disk } = emptyDisk();
        const start = () => startOnce(disk, { entry, args: [file, ...args] });
        if (i % 2 === 0) disk.fail({ of: 'writes', errno: 'ENOSPC', after: Math.floor((random() * steps * 2) / 3) });
        else disk.fail({ of: 'flushes', errno: 'EIO', after: i === 1 ? LAST_FLUSH : Math.floor(random() * 9) });
        await start().catch((error: unknown) => expect(String(error)).toContain(`code: '${code}'`));
        disk.heal();
        expect((await start()).lines[0]).toMatchObject({ said: 'open' });
        disk.close();
      }
    },
  );

  it('of a broker is begun again after a cut', async () => {
    const random = seeded(SEED);
    for (let i = 0; i < STARTS; i++) {
      using site = newBrokerSite();
      const aside = join(site.dir, '..', 'disk');
      mkdirSync(aside);
      const disk = createVolatileDisk({ folder: join(site.dir, 'data'), aside, library });
      disk.cutIn({ events: 1 + Math.floor(random() * 150) });
      const start = () => startBrokerProcess(site, onDisk(disk, env));
      await start().then(
        (broker) => broker.stop('SIGKILL'),
        (error: unknown) => {
          if (!disk.hasFailed()) throw error;
        },
      );
      disk.cutPower(i % 2 === 0 ? { keep: 'nothing' } : { keep: 'some', random });
      await (await start()).stop();
      disk.close();
    }
  });
});

function startOnce(disk: VolatileDisk, { entry, args }: { entry: string; args: readonly string[] }) {
  const process = { disk, entry: new URL(entry, import.meta.url), args };
  return liveUntilCut<Said>(process, { env, onLine: (line) => (line.said === 'open' ? 'stop' : 'go on') });
}
