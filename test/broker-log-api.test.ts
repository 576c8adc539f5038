/** The log's HTTP API as its followers use it: pages, waiting, ranges, refusals. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import {
  type DeadLetterPage,
  encodePack,
  type LastValues,
  type LogPage,
  type Sample,
  type SeriesRange,
} from '@commonworks/core';
import type { Problem } from '@commonworks/core/api/index.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrokerUnderTest, SECRET, SERVICE_TOKEN, startBroker } from './broker/broker-under-test.ts';
import { readSeries } from './site/series-pages.ts';

const run = promisify(execFile);
const OVERSIZED = ['/series?edge=x&device=x&point=x&fromMs=0&toMs=1&limit=10001', '/series/last?limit=1001'];
const [EPOCH, BOOT] = [randomUUID(), randomUUID()];
const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;

let broker: BrokerUnderTest;
beforeAll(async () => {
  broker = await startBroker();
  for (let seq = 1; seq <= 3; seq++) await publish(seq);
});
afterAll(() => broker[Symbol.asyncDispose]());

async function publish(seq: number): Promise<void> {
  const at = { device: 'home-1', timeMs: T0 + seq * 1000 };
  const samples: Sample[] = [
    { ...at, point: 'importedWh', value: seq / 8, quality: 'estimated' },
    { ...at, point: 'operatingState', value: `state ${seq}`, quality: 'good' },
    { ...at, point: 'voltageV', value: null, quality: 'missing' },
  ];
  await send(broker.edge, encodePack({ edge: broker.edge, epoch: EPOCH, seq, boot: BOOT, samples, events: [] }));
}

async function send(edge: string, body: string): Promise<void> {
  const topic = `${broker.community}/${edge}/data`;
  const login = ['-u', edge, '-i', edge, '-P', SECRET, '-q', '1', '-t', topic, '-m', body];
  await run('/usr/bin/mosquitto_pub', ['-h', '127.0.0.1', '-p', String(broker.addresses.mqttPort), ...login]);
}

async function ask(path: string, token = SERVICE_TOKEN): Promise<{ status: number; body: Problem }> {
  const url = `http://127.0.0.1:${broker.addresses.logPort}${path}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: (await response.json()) as Problem };
}

const series = (point: string) =>
  broker.get<SeriesRange>(`/series?edge=${broker.edge}&device=home-1&point=${point}&fromMs=${T0}&toMs=${T0 + 3000}`);

describe('the quarantine', () => {
  const texts = async () => (await broker.get<DeadLetterPage>('/dead-letters')).letters.map(({ text }) => text);
  const release = async (query: string, token = SERVICE_TOKEN) => {
    const headers = { authorization: `Bearer ${token}` };
    const url = `http://127.0.0.1:${broker.addresses.logPort}/quarantine${query}`;
    const response = await fetch(url, { method: 'DELETE', headers });
    return { status: response.status, body: await response.json() };
  };

  it('is shown among the dead letters, and released by edge', async () => {
    for (const body of ['one', 'two', 'one']) await send(broker.edge, body);
    await send(broker.otherEdge, 'three');
    expect(await texts()).toEqual(['one', 'two', 'three']);
    expect([(await release('')).status, (await release(`?edge=${broker.edge}`, 'no token')).status]).toEqual([
      400, 401,
    ]);
    const released = await release(`?edge=${broker.edge}`);
    expect(released).toEqual({ status: 200, body: { edge: broker.edge, released: 2 } });
    expect(await texts()).toEqual(['three']);
  });
});

describe('the log API', () => {
  it('gives pages after a cursor, and the next cursor', async () => {
    const first = await broker.get<LogPage>('/log?after=0&limit=2');
    expect([first.entries.map((entry) => entry.seq), first.next, first.head]).toEqual([[1, 2], 2, 3]);
    const second = await broker.get<LogPage>(`/log?after=${first.next}`);
    expect([second.entries.map((entry) => entry.seq), second.next]).toEqual([[3], 3]);
  });

  it('waits at the head until something comes, or the time is over', async () => {
    const head = (await broker.get<LogPage>('/log?after=0')).head;
    expect((await broker.get<LogPage>(`/log?after=${head}&waitMs=10`)).entries).toEqual([]);
    const waiting = broker.get<LogPage>(`/log?after=${head}&waitMs=20000`);
    await publish(head + 1);
    expect((await waiting).entries.map((entry) => entry.seq)).toEqual([head + 1]);
  });

  it('gives numbers, words and missing values of a series with their quality, from inclusive, to exclusive', async () => {
    expect(await series('importedWh')).toMatchObject({
      timesMs: [T0 + 1000, T0 + 2000],
      values: [0.125, 0.25],
      qualities: ['estimated', 'estimated'],
    });
    expect(await series('operatingState')).toMatchObject({ values: [null, null], words: ['state 1', 'state 2'] });
    expect(await series('voltageV')).toMatchObject({ values: [null, null], qualities: ['missing', 'missing'] });
    expect((await series('moonPhase')).timesMs).toEqual([]);
  });

  it('gives a series in pages of the size asked for, and the newest values a page of series at a time', async () => {
    const query = { edge: broker.edge, device: 'home-1', point: 'importedWh', toMs: String(T0 + 4000), limit: '1' };
    const pages = await readSeries((path) => broker.get<SeriesRange>(path), query);
    expect(pages.map(({ timesMs, next }) => [timesMs, next])).toEqual([
      [[T0 + 1000], T0 + 2000],
      [[T0 + 2000], T0 + 3000],
      [[T0 + 3000], null],
    ]);
    const first = await broker.get<LastValues>('/series/last?limit=2');
    expect([first.values.map(({ point }) => point), first.next]).toEqual([
      ['importedWh', 'operatingState'],
      `${broker.edge}/home-1/operatingState`,
    ]);
    const rest = await broker.get<LastValues>(`/series/last?limit=2&after=${first.next}`);
    expect([rest.values.map(({ point }) => point), rest.next]).toEqual([['voltageV'], null]);
  });

  it('refuses strangers and nonsense with a problem that says what to do', async () => {
    expect((await ask('/log?after=0', 'wrong')).status).toBe(401);
    expect((await ask('/log?after=0', 'wrong')).body.code).toBe('broker.login-refused');
    for (const path of [
      '/log?after=-1',
      '/log?limit=1001',
      '/log?waitMs=25001',
      '/series?edge=x',
      '/log?after=x',
      ...OVERSIZED,
    ]) {
      const { status, body } = await ask(path);
      expect([path, status, body.code, body.remedy.length > 10]).toEqual([path, 400, 'broker.request-invalid', true]);
    }
    expect((await ask('/nowhere')).status).toBe(404);
  });

  it('says how it is to anybody, and its metrics to those who may', async () => {
    const url = `http://127.0.0.1:${broker.addresses.logPort}`;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${SERVICE_TOKEN}` } });
    expect(await metrics.text()).toMatch(/^commonworks_broker_packs_held_total [3-9]$/m);
  });
});
