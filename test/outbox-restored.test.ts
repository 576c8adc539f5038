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
const epochOf = (life: number) => `01900000-0000-7000-8000-0000000000e${life}`;
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
    nowMs: Date.now,
    status: (state) => ({ state, sinceMs: 0, boot: BOOT, version: '0', devices: [], backlog: 0 }),
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

it.each([
  ['fewer', 30],
  ['just as many', 70],
  ['more', 150],
])('whose copy numbered %s packs offline than the log knows keeps them all', async (_, offline) => {
  using site = newBrokerSite();
  const broker = await startBrokerProcess(site);
  const home = { site, broker };
  const secretHash = await hashSecret('secret');
  const principals = [{ user: EDGE, role: 'edge', secretHash, enabled: true }];
  await putAccess(site, broker, { version: 1, community: site.config.community.id, principals });
  {
    await using outbox = await openLife();
    await append(outbox, range(1, 30));
    await publishAll(outbox, home);
  }
  copyFileSync(join(folder, 'outbox.db'), join(folder, 'backup.db'));
  {
    await using outbox = await openLife();
    await append(outbox, range(31, 100));
    expect(await publishAll(outbox, home)).toBe(0);
  }
  for (const suffix of ['-wal', '-shm']) rmSync(join(folder, `outbox.db${suffix}`), { force: true });
  copyFileSync(join(folder, 'backup.db'), join(folder, 'outbox.db'));
  {
    await using outbox = await openLife();
    await append(outbox, range(1001, 1000 + offline));
    expect(await publishAll(outbox, home)).toBe(1);
  }
  expect(await numbersHeld(home)).toEqual([...range(1, 100), ...range(1001, 1000 + offline)]);
  const { deadLetters } = await getJson<{ deadLetters: number }>(site, broker, '/status');
  expect(deadLetters).toBe(0);
  await broker.stop();
});
