/** The log put back from an older copy, lost, or replaced: followers miss nothing and take nothing twice, edges and people are told. */
import { randomUUID } from 'node:crypto';
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BrokerStatus, LogPage } from '@commonworks/core';
import { expect, it } from 'vitest';
import { openDatabase } from '../community/database.ts';
import { createTurns, followLog } from '../community/metering/follow-log.ts';
import { logPageReader } from '../community/metering/read-log-page.ts';
import { BrokerFolder, EdgeLine } from './broker/broker-in-folder.ts';
import { SERVICE_TOKEN } from './broker/broker-under-test.ts';

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, k) => from + k);
const [EPOCH, LATER] = [randomUUID(), randomUUID()];

/** A community server's follower, and each pack it took: `epoch/seq`, as often as it was taken. */
class Follower {
  readonly taken: string[] = [];
  readonly #folder: BrokerFolder;
  readonly #db: Awaited<ReturnType<typeof openDatabase>>;

  private constructor(folder: BrokerFolder, db: Awaited<ReturnType<typeof openDatabase>>) {
    this.#folder = folder;
    this.#db = db;
  }

  static async open(folder: BrokerFolder): Promise<Follower> {
    return new Follower(folder, await openDatabase(join(folder.dir, 'community.db')));
  }

  /** Follows until nothing is left. */
  async catchUp(): Promise<void> {
    const stop = new AbortController();
    const read = logPageReader({ url: this.#folder.url, token: SERVICE_TOKEN }, stop.signal);
    await followLog(
      this.#db,
      {
        readPage: async (after, _waitMs, place) => {
          const page = await read(after, 0, place);
          if (page.next === after) stop.abort();
          return page;
        },
        listeners: [async (_tx, { entry }) => void this.taken.push(`${entry.epoch}/${entry.seq}`)],
        inTurn: createTurns(),
        events: { onPage: async () => {}, onFault: (fault) => expect(fault).toBeNull() },
      },
      stop.signal,
    );
  }

  async changes(): Promise<number> {
    return (await this.#db.selectFrom('log_change').selectAll().execute()).length;
  }

  async end(): Promise<void> {
    await this.#db.destroy();
  }
}

const statusOf = async (folder: BrokerFolder) => (await folder.ask<BrokerStatus>('/status')).body;
const keep = ({ dir }: BrokerFolder, files: readonly string[]) => {
  for (const file of files) copyFileSync(join(dir, file), join(dir, `${file}.kept`));
};
const putBack = ({ dir }: BrokerFolder, files: readonly string[]) => {
  for (const file of files) {
    for (const suffix of ['-wal', '-shm']) rmSync(join(dir, `${file}${suffix}`), { force: true });
    copyFileSync(join(dir, `${file}.kept`), join(dir, file));
  }
};

async function send(folder: BrokerFolder, epoch: string, seqs: readonly number[]): Promise<void> {
  const line = await EdgeLine.open(folder);
  await line.send(epoch, seqs);
  line.close();
}

/** 200 packs followed, then a copy of the first hundred put back, and a hundred others. */
async function rolledBack(files: readonly string[]): Promise<{ folder: BrokerFolder; follower: Follower }> {
  const folder = new BrokerFolder();
  await folder.start();
  await send(folder, EPOCH, range(1, 100));
  await folder.stop();
  keep(folder, files);
  await folder.start();
  await send(folder, EPOCH, range(101, 200));
  const follower = await Follower.open(folder);
  await follower.catchUp();
  await folder.stop();
  putBack(folder, files);
  await folder.start();
  await send(folder, LATER, range(1, 100));
  return { folder, follower };
}

const everything = [...range(1, 200).map((seq) => `${EPOCH}/${seq}`), ...range(1, 100).map((seq) => `${LATER}/${seq}`)];

it.each([
  ['the broker sees it by its witness', ['telemetry.db'], true],
  ['the follower tells it, when all of the broker was put back', ['telemetry.db', 'broker.db'], false],
])('an older telemetry.db put back: %s, and the follower takes all that is new, once', async (_, files, isAtOnce) => {
  const { folder, follower } = await rolledBack(files);
  await using _folder = folder;
  const isTold = () => folder.lines.some(({ code, level }) => code === 'broker.log-rolled-back' && level === 'error');
  expect(isTold()).toBe(isAtOnce);
  await follower.catchUp();
  expect(follower.taken).toEqual(everything);
  expect([isTold(), await follower.changes()]).toEqual([true, 1]);
  expect((await statusOf(folder)).log).toMatchObject({ generation: 2, cause: 'rolled-back' });
  // What the edge still holds of the lost hundred comes again: under new cursors, and is taken by nobody twice.
  await send(folder, EPOCH, range(101, 200));
  await send(folder, LATER, [101]);
  await follower.catchUp();
  expect(follower.taken).toEqual([...everything, `${LATER}/101`]);
  await follower.end();
});

it('an edge that was told more than the log has is sent its mark at once, and named until it has sent again', async () => {
  const { folder, follower } = await rolledBack(['telemetry.db', 'broker.db']);
  await using _folder = folder;
  const { id: log } = (await statusOf(folder)).log;
  const line = await EdgeLine.open(folder);
  await line.until(() => line.marks.length === 2);
  line.status({ log, generation: 1, epoch: EPOCH, seq: 200 });
  await line.until(() => line.marks.length === 3);
  expect(line.marks.at(-1)).toMatchObject({ epoch: EPOCH, seq: 100, log, generation: 1 });
  const unknown = randomUUID();
  line.status({ log, generation: 1, epoch: unknown, seq: 7 });
  await line.until(() => line.marks.length === 4);
  expect(line.marks.at(-1)).toEqual({ epoch: unknown, seq: 0, log, generation: 1 });
  line.status({ log, generation: 1, epoch: EPOCH, seq: 200 });
  await line.until(() => line.marks.length === 5);
  const { fallenBehind, generation } = (await statusOf(folder)).log;
  // An agent is not believed so far that the log would be another for everybody.
  expect([fallenBehind, generation]).toMatchObject([[{ edge: line.edge, heldSeq: 200, markSeq: 100 }], 1]);
  await line.send(EPOCH, range(101, 200));
  expect((await statusOf(folder)).log.fallenBehind).toEqual([]);
  line.close();
  await follower.end();
});

it('a lost telemetry.db is another log: told, followed from its beginning, and no cursor given twice', async () => {
  await using folder = new BrokerFolder();
  await folder.start();
  await send(folder, EPOCH, range(1, 20));
  const follower = await Follower.open(folder);
  await follower.catchUp();
  const before = (await statusOf(folder)).log;
  await folder.stop();
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${folder.telemetryFile}${suffix}`, { force: true });
  await folder.start();
  await send(folder, EPOCH, range(11, 30));
  await follower.catchUp();
  expect(follower.taken).toEqual(range(1, 30).map((seq) => `${EPOCH}/${seq}`));
  const { log, head } = await statusOf(folder);
  expect(log.id).not.toBe(before.id);
  expect([log.cause, head > 20]).toEqual(['rolled-back', true]);
  expect(folder.lines.map(({ code }) => code)).toContain('broker.log-rolled-back');
  await follower.end();
});

it('a cloned telemetry.db that went another way under the same cursors is noticed', async () => {
  await using folder = new BrokerFolder();
  await folder.start();
  await send(folder, EPOCH, range(1, 10));
  await folder.stop();
  keep(folder, ['telemetry.db', 'broker.db']);
  await folder.start();
  await send(folder, EPOCH, range(11, 20));
  const follower = await Follower.open(folder);
  await follower.catchUp();
  await folder.stop();
  putBack(folder, ['telemetry.db', 'broker.db']);
  await folder.start();
  await send(folder, LATER, range(1, 30));
  await follower.catchUp();
  expect(new Set(follower.taken).size).toBe(follower.taken.length);
  expect(follower.taken).toHaveLength(50);
  await follower.end();
});

it('a clone with fewer packs beside the newer broker.db: what was added to it under known cursors is taken, too', async () => {
  await using folder = new BrokerFolder();
  await folder.start();
  await send(folder, EPOCH, range(1, 100));
  await folder.stop();
  keep(folder, ['telemetry.db', 'broker.db']);
  await folder.start();
  await send(folder, EPOCH, range(101, 200));
  const follower = await Follower.open(folder);
  await follower.catchUp();
  await folder.stop();
  copyFileSync(join(folder.dir, 'broker.db'), join(folder.dir, 'broker.db.newer'));
  putBack(folder, ['telemetry.db', 'broker.db']);
  await folder.start();
  await send(folder, LATER, range(1, 50));
  await folder.stop();
  renameSync(join(folder.dir, 'broker.db.newer'), join(folder.dir, 'broker.db'));
  await folder.start();
  await follower.catchUp();
  const both = [...range(1, 200).map((seq) => `${EPOCH}/${seq}`), ...range(1, 50).map((seq) => `${LATER}/${seq}`)];
  expect(follower.taken).toEqual(both);
  const read = (await folder.ask<LogPage>('/log?after=0&limit=1')).body;
  const asked = await folder.ask<{ commonCursor: number }>(`/log?after=200&log=${read.log}&generation=1`);
  // The copy of the first hundred was witnessed: nobody reads those again.
  expect([asked.status, asked.body.commonCursor]).toEqual([409, 100]);
  await follower.end();
});

it('a restart and a start after a crash are no change of the log', async () => {
  await using folder = new BrokerFolder();
  for (const from of [1, 11, 21]) {
    await folder.start();
    await send(folder, EPOCH, range(from, from + 9));
    await folder.stop();
  }
  await folder.start();
  const page = (await folder.ask<LogPage>('/log?after=0')).body;
  expect([page.generation, page.entries.length, page.behind, page.head]).toEqual([1, 30, 0, 30]);
  expect(folder.lines.filter(({ level }) => level === 'error')).toEqual([]);
});
