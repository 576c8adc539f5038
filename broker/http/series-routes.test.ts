import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrokerStatus, LastValues, SeriesRange } from '@commonworks/core';
import { encodePack } from '@commonworks/core';
import { SeriesTables } from '@commonworks/telemetry/series/series-tables.ts';
import { openOwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import { startWorker, type WorkerCalls } from '@commonworks/telemetry/worker/call-worker.ts';
import type { Handlers } from '@commonworks/telemetry/worker/serve-calls.ts';
import { expect, it } from 'vitest';
import { Ingest } from '../ingest/ingest.ts';
import { QUERIES_WAITING_MAX, Queries } from '../ingest/queries.ts';
import { openStores } from '../ingest/stores.ts';
import { buildLogApi } from './log-api.ts';

const [EDGE, STRANGER, EPOCH, BOOT] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
const POINTS = 175_500;
const FLOOD = 20_000;
const READERS = 4;
const NOW_MS = 20_000 * 86_400_000 + POINTS * 1000;
const FIRST_MS = NOW_MS - POINTS * 1000;
const TOKEN = { authorization: 'Bearer token' };

/** Two days of one meter second by second, and an edge that made up names. */
function fill(telemetryFile: string): void {
  const { db, close } = openOwnedDatabase(telemetryFile, TELEMETRY_MIGRATIONS);
  const tables = new SeriesTables(db);
  const one = { point: 'importedWh', quality: 'good' } as const;
  const meter = Array.from({ length: POINTS }, (_, i) => {
    return { ...one, edge: EDGE, device: 'meter', timeMs: FIRST_MS + i * 1000, value: i };
  });
  const flood = Array.from({ length: FLOOD }, (_, i) => {
    return { ...one, edge: STRANGER, device: `made-up-${i}`, timeMs: FIRST_MS, value: i };
  });
  for (const samples of [meter.slice(0, POINTS / 2), flood, meter.slice(POINTS / 2)]) {
    inTransaction(db, () => tables.stage(samples));
    tables.committed();
    // Half stands in chunks, half does not.
    if (samples === flood) tables.sealAll();
  }
  close();
}

/** Starts threads as the broker does, and watches what the one that writes is asked. */
class Watch {
  readonly calls = new Map<string, number>();
  /** How many calls lay before the writer when a commit was sent, itself included. */
  deepestCommit = 0;
  #pending = 0;

  readonly start = async <Api extends Handlers>(script: URL): Promise<WorkerCalls<Api>> => {
    const worker = await startWorker<Api>(script);
    if (!script.pathname.endsWith('/write-worker.ts')) return worker;
    return {
      ...worker,
      call: (method, argument, transfer) => {
        this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
        this.#pending += 1;
        if (method === 'commit') this.deepestCommit = Math.max(this.deepestCommit, this.#pending);
        return worker.call(method, argument, transfer).finally(() => {
          this.#pending -= 1;
        });
      },
    };
  };
}

async function openBroker(dir: string, watch: Watch) {
  const files = { telemetryFile: join(dir, 'telemetry.db'), brokerFile: join(dir, 'broker.db') };
  fill(files.telemetryFile);
  const stores = await openStores({ ...files, nowMs: NOW_MS }, watch.start);
  const nothing = () => undefined;
  const moment = () => ({ nowMs: NOW_MS, boot: BOOT, upMs: 0, isTrusted: true });
  const ingest = new Ingest({
    writer: stores.writer,
    ...{ head: stores.start.head, commitMs: 0, hub: { moment }, onMarks: nothing },
    log: { info: nothing, warn: nothing, error: nothing },
  });
  const api = buildLogApi({
    ...{ isServiceToken: (token) => token === 'token', ingest, ...stores.reads, queries: stores.queries },
    readPage: () => Promise.reject(new Error('not asked here')),
    isDamaged: async () => false,
    replaceAccess: () => Promise.reject(new Error('not asked here')),
    status: async () => (await stores.reads.counts()) as unknown as BrokerStatus,
    refusals: () => ({ nowMs: 0, refusals: [], misuse: [] }),
  });
  const url = await api.listen({ host: '127.0.0.1', port: 0 });
  const get = async <T>(path: string) => (await (await fetch(`${url}${path}`, { headers: TOKEN })).json()) as T;
  const close = async () => {
    await api.close();
    await stores.close();
  };
  return { ingest, get, close };
}

const packOf = (seq: number) => {
  const sample = { device: 'mine', point: 'importedWh', timeMs: NOW_MS - 1000 + seq, value: seq, quality: 'good' };
  return Buffer.from(encodePack({ edge: EDGE, epoch: EPOCH, seq, boot: BOOT, samples: [sample as never], events: [] }));
};

it('four readers of 175,500 points and a flooded store keep nothing from the writer: it commits, and is asked nothing else', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cw-queries-'));
  const watch = new Watch();
  const { ingest, get, close } = await openBroker(dir, watch);
  const readRange = async () => {
    let count = 0;
    const path = `/series?edge=${EDGE}&device=meter&point=importedWh&toMs=${NOW_MS}&fromMs=`;
    for (let next: number | null = 0; next !== null; ) {
      const page: SeriesRange = await get(`${path}${next}`);
      count += page.timesMs.length;
      next = page.next;
    }
    return count;
  };
  const readLast = async () => {
    let count = 0;
    for (let after: string | null = ''; after !== null; ) {
      const page: LastValues = await get(`/series/last?edge=${STRANGER}${after === '' ? '' : `&after=${after}`}`);
      count += page.values.length;
      after = page.next;
    }
    return count;
  };
  let isRead = false;
  const readers = Promise.all([...Array.from({ length: READERS }, readRange), readLast()]).finally(() => {
    isRead = true;
  });
  let seq = 0;
  while (!isRead) {
    expect(await ingest.keep(EDGE, packOf(++seq))).toBe('held');
    if (seq % 10 === 0) await get('/status');
  }
  expect(await readers).toEqual([...Array.from({ length: READERS }, () => POINTS), FLOOD]);
  const mine: SeriesRange = await get(`/series?edge=${EDGE}&device=mine&point=importedWh&fromMs=0&toMs=${NOW_MS * 2}`);
  expect(mine.values.at(-1)).toBe(seq);
  expect([...watch.calls.keys()].sort()).toEqual(['commit', 'open']);
  expect([watch.deepestCommit, watch.calls.get('commit')]).toEqual([1, seq]);
  await close();
  rmSync(dir, { recursive: true, force: true });
});

it('a question too many is answered 503, with when to ask again; one whose asker hung up is never run', async () => {
  const asked: string[] = [];
  const release = Promise.withResolvers<void>();
  const call = async (method: string) => {
    asked.push(method);
    await release.promise;
    return '{"values":[],"next":null}';
  };
  const died = new Promise<never>(() => undefined);
  const queries = new Queries(async () => ({ call: call as never, died, terminate: async () => undefined }));
  const api = buildLogApi({ isServiceToken: () => true, queries } as unknown as Parameters<typeof buildLogApi>[0]);
  const url = await api.listen({ host: '127.0.0.1', port: 0 });
  const ask = (signal?: AbortSignal) => fetch(`${url}/series/last`, { headers: TOKEN, signal: signal ?? null });
  const answers = [ask()];
  await expect.poll(() => asked.length).toBe(1);
  const gone = new AbortController();
  const hungUp = ask(gone.signal).catch(() => 'gone');
  answers.push(...Array.from({ length: QUERIES_WAITING_MAX - 1 }, () => ask()));
  await expect.poll(() => queries.waiting).toBe(QUERIES_WAITING_MAX);
  const refused = await ask();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({ code: 'broker.queries-busy' });
  gone.abort();
  expect(await hungUp).toBe('gone');
  await expect.poll(() => queries.waiting).toBe(QUERIES_WAITING_MAX - 1);
  release.resolve();
  expect((await Promise.all(answers)).every(({ status }) => status === 200)).toBe(true);
  expect(asked.length).toBe(QUERIES_WAITING_MAX);
  await api.close();
});
