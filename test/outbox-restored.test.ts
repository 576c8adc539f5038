/** An outbox put back from a backup goes on numbering where the backup ended: its packs must not pass for those the log has. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogPage } from '@commonworks/core';
import { decodePack } from '@commonworks/core';
import { type Outbox, openOutbox } from '@commonworks/edge/outbox/outbox.ts';
import { startPublisher } from '@commonworks/edge/publish/publisher.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hashSecret } from '../broker/access/secret-hash.ts';
import { eventually } from './edge-peers/mosquitto.ts';
import {
  type BrokerProcess,
  type BrokerSite,
  getJson,
  newBrokerSite,
  putAccess,
  startBrokerProcess,
} from './peers/broker-process.ts';

const EDGE = '01900000-0000-7000-8000-000000000001';
const BOOT = '01900000-0000-7000-8000-0000000000b1';
const epochOf = (life: number) => `01900000-0000-7000-8000-0000000000${(0xe0 + life).toString(16)}`;
const BEGAN_MS = Date.now() - 3_600_000;

let folder = '';
let lives = 0;
beforeEach(() => {
  lives = 0;
  folder = mkdtempSync(join(tmpdir(), 'outbox-restored-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const openLife = () => {
  lives += 1;
  return openOutbox({
    file: join(folder, 'outbox.db'),
    edge: EDGE,
    boot: BOOT,
    newEpochs: [epochOf(2 * lives), epochOf(2 * lives + 1)],
    bytesMax: 50_000_000,
    ageMaxMs: 1e12,
    nowMs: Date.now(),
  });
};

/** One pack for each number, with a reading that only this number has. */
const append = (outbox: Outbox, numbers: readonly number[]) => {
  const reading = { device: 'home-1', point: 'importedWh', quality: 'good' } as const;
  const drafts = numbers.map((n) => ({ samples: [{ ...reading, timeMs: BEGAN_MS + n, value: n }], events: [] }));
  return outbox.call('append', drafts, Date.now());
};
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

type Home = { readonly site: BrokerSite; readonly broker: BrokerProcess };

/** Publishes until the log has told that it holds everything; the times the outbox was found to be an old copy. */
async function publishAll(outbox: Outbox, { site, broker }: Home): Promise<number> {
  const stop = new AbortController();
  let copies = 0;
  const publisher = startPublisher({
    url: `mqtt://127.0.0.1:${broker.mqttPort}`,
    community: site.config.community.id,
    edge: EDGE,
    secret: 'secret',
    outbox,
    status: (state) => ({ state, sinceMs: 0, boot: BOOT, version: '0', backlog: 0 }),
    devices: [],
    onCommand: () => undefined,
    onOldCopy: () => {
      copies += 1;
    },
    onState: () => undefined,
    signal: stop.signal,
  });
  await eventually('an empty outbox', () => outbox.backlog().packs === 0);
  stop.abort();
  await publisher.done;
  return copies;
}

/** The numbers in the log, whatever their keys. */
async function numbersHeld({ site, broker }: Home): Promise<number[]> {
  const { entries } = await getJson<LogPage>(site, broker, '/log?after=0&limit=1000');
  const samples = entries.flatMap((entry) => decodePack(entry.body).pack.samples);
  return [...new Set(samples.map((sample) => Number(sample.value)))].sort((a, b) => a - b);
}

async function openHome(): Promise<Home & AsyncDisposable> {
  const site = newBrokerSite();
  const broker = await startBrokerProcess(site);
  const secretHash = hashSecret('secret');
  const principals = [{ user: EDGE, role: 'edge', secretHash, enabled: true }];
  await putAccess(site, broker, { version: 1, community: site.config.community.id, principals });
  const end = async () => {
    await broker.stop();
    site[Symbol.dispose]();
  };
  return { site, broker, [Symbol.asyncDispose]: end };
}

/** The next life of the outbox writes these and sends all it has. */
async function live(home: Home, numbers: readonly number[]): Promise<number> {
  await using outbox = await openLife();
  await append(outbox, numbers);
  return await publishAll(outbox, home);
}

const file = (name: string) => join(folder, name);
const backUp = () => copyFileSync(file('outbox.db'), file('backup.db'));
function putBack(): void {
  for (const suffix of ['-wal', '-shm']) rmSync(file(`outbox.db${suffix}`), { force: true });
  copyFileSync(file('backup.db'), file('outbox.db'));
}

async function deadLetters({ site, broker }: Home): Promise<number> {
  return (await getJson<{ deadLetters: number }>(site, broker, '/status')).deadLetters;
}

it.each([
  ['fewer', 30],
  ['just as many', 70],
  ['more', 150],
])('whose copy numbered %s packs offline than the log knows keeps them all', async (_, offline) => {
  await using home = await openHome();
  await live(home, range(1, 30));
  backUp();
  expect(await live(home, range(31, 100))).toBe(0);
  putBack();
  expect(await live(home, range(1001, 1000 + offline))).toBe(1);
  expect(await numbersHeld(home)).toEqual([...range(1, 100), ...range(1001, 1000 + offline)]);
  expect(await deadLetters(home)).toBe(0);
});

it('put back from the same backup again and again is known each time, however many epochs came since', async () => {
  await using home = await openHome();
  await live(home, range(1, 30));
  backUp();
  await live(home, range(31, 40));
  const kept = range(1, 40);
  for (let time = 1; time <= 5; time++) {
    putBack();
    const numbers = range(1000 * time + 1, 1000 * time + 100);
    expect(await live(home, numbers)).toBe(1);
    kept.push(...numbers);
  }
  expect(await numbersHeld(home)).toEqual(kept);
  expect(await deadLetters(home)).toBe(0);
});
