/** The InfluxDB projection against real databases: Debian's InfluxDB 1.6.7 and VictoriaMetrics. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogEntry, Sample } from '@commonworks/core';
import { encodePack } from '@commonworks/core';
import { describeSeriesStore } from '@commonworks/telemetry/contract.ts';
import { startProjection } from '@commonworks/telemetry/influx/index.ts';
import type { InfluxPoint } from '@commonworks/telemetry/influx/points.ts';
import { pointsOfPack } from '@commonworks/telemetry/influx/points.ts';
import { influxqlLast, influxqlRange, queryInfluxql } from '@commonworks/telemetry/influx/read-influxql.ts';
import { writeBatch } from '@commonworks/telemetry/influx/write-batch.ts';
import { openV1 } from '@commonworks/telemetry/influx/write-v1.ts';
import { openV2 } from '@commonworks/telemetry/influx/write-v2.ts';
import type { SeriesSample, SeriesStore } from '@commonworks/telemetry/port.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InfluxdbPeer } from './peers/influxdb.ts';
import { startInfluxdb } from './peers/influxdb.ts';
import { startVictoriaMetrics } from './peers/victoria-metrics.ts';

const EDGE = '01890000-0000-7000-8000-000000000001';
const START_MS = Date.UTC(2026, 5, 1);
const timeoutMs = 10_000;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

function asPoints(samples: readonly SeriesSample[]): InfluxPoint[] {
  return samples.flatMap((sample) => {
    const pack = { edge: sample.edge, epoch: EDGE, seq: 1, boot: EDGE, samples: [sample], events: [] };
    return pointsOfPack(pack, 'sonnenhof').points;
  });
}

describe('InfluxDB 1.6.7', () => {
  let peer: InfluxdbPeer;
  let databases = 0;
  beforeAll(async () => {
    peer = await startInfluxdb();
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  /** Each test has a database of its own; the adapter creates it with the first write. */
  async function open(): Promise<SeriesStore> {
    const database = `contract_${++databases}`;
    const source = { url: peer.url, database, timeoutMs };
    const write = openV1({ url: peer.url, database, timeoutMs });
    const orEmpty = async <T>(read: () => Promise<readonly T[]>): Promise<readonly T[]> => {
      const known = await queryInfluxql(source, 'SHOW DATABASES');
      return known[0]?.values.some(([name]) => name === database) ? await read() : [];
    };
    return {
      append: async (samples) => {
        const result = await writeBatch(asPoints(samples), write, { pointsMax: 5000, bisectionsMax: 10 });
        if (result.kind === 'wait' || result.refused.length > 0) throw new Error(JSON.stringify(result));
        return { added: result.written, repeated: 0, conflicts: [] };
      },
      last: (edge) => orEmpty(() => influxqlLast(source)(edge)),
      range: (key, span) => orEmpty(() => influxqlRange(source)(key, span)),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  describeSeriesStore('InfluxDB 1.6.7', { open, keepsFirst: false });

  it('names the points it refuses for a field type conflict, and takes the others', async () => {
    const database = 'conflict';
    const write = openV1({ url: peer.url, database, timeoutMs });
    const source = { url: peer.url, database, timeoutMs };
    await fetch(`${peer.url}/query?q=CREATE%20DATABASE%20conflict`, { method: 'POST' });
    await fetch(`${peer.url}/write?db=conflict`, {
      method: 'POST',
      body: `voltageV,device=m value="text" ${START_MS}000000`,
    });
    const sample = { edge: EDGE, device: 'm', timeMs: START_MS, value: 1, quality: 'good' } as const;
    const points = asPoints([
      { ...sample, point: 'voltageV' },
      { ...sample, point: 'currentA' },
    ]);
    const result = await writeBatch(points, write, { pointsMax: 5000, bisectionsMax: 10 });
    expect(result).toMatchObject({ kind: 'done', written: 1, refused: [{ points: [{ measurement: 'voltageV' }] }] });
    const [stored] = await queryInfluxql(source, 'SELECT count("value") FROM "currentA"');
    expect(stored?.values[0]?.[1]).toBe(1);
  });

  it('writes with the right log-in, and waits with the wrong one or none', async () => {
    await using guarded = await startInfluxdb({ hasLogin: true });
    const q = `CREATE USER ada WITH PASSWORD 'a:b c' WITH ALL PRIVILEGES`;
    await fetch(`${guarded.url}/query?${new URLSearchParams({ q })}`, { method: 'POST' });
    const sample = { edge: EDGE, device: 'm', point: 'voltageV', timeMs: START_MS, value: 1, quality: 'good' } as const;
    const write = (secret?: string) =>
      openV1({ url: guarded.url, database: 'energy', secret, timeoutMs })(asPoints([sample]));
    expect(await write('ada:a:b c')).toEqual({ kind: 'written' });
    expect(await write('ada:wrong')).toMatchObject({ kind: 'wait', code: 'telemetry.influx-login' });
    expect(await write()).toMatchObject({ kind: 'wait', code: 'telemetry.influx-login' });
    const authorization = `Basic ${Buffer.from('ada:a:b c').toString('base64')}`;
    const source = { url: guarded.url, database: 'energy', authorization, timeoutMs };
    expect((await influxqlLast(source)(EDGE)).length).toBe(1);
  });

  it('says that a server is not there, instead of throwing', async () => {
    const write = openV1({ url: 'http://127.0.0.1:1', database: 'x', timeoutMs: 500 });
    expect(await write(asPoints([]))).toMatchObject({ kind: 'wait', code: 'telemetry.influx-unavailable' });
  });
});

describe('an outage of InfluxDB 1.6.7', () => {
  it('loses nothing and doubles nothing when the database is killed and started again midway', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'commonworks-outage-'));
    const total = 2000;
    const entries = Array.from({ length: total }, (_, i) => logEntry(i + 1));
    let available = 600;
    let peer = await startInfluxdb({ dir });
    const { port, url } = peer;
    const stop = new AbortController();
    let saved = 0;
    const projection = startProjection({
      community: 'sonnenhof',
      targets: [{ name: 'main', api: 'v1', url, database: 'energy' }],
      readLog: async (after, limit) => entries.slice(after, Math.min(after + limit, available)),
      cursors: {
        get: () => saved,
        set: (_name, cursor) => {
          saved = cursor;
        },
      },
      now: Date.now,
      log: quiet,
      limits: { idleMs: 2, backOffMinMs: 5, backOffMaxMs: 50 },
      signal: stop.signal,
    });
    await expect.poll(() => saved, { timeout: 60_000, interval: 5 }).toBe(600);
    available = 1300;
    await peer.stop('SIGKILL');
    await expect.poll(() => projection.status()[0]?.trouble?.attempts ?? 0, { timeout: 60_000 }).toBeGreaterThan(2);
    available = total;
    peer = await startInfluxdb({ dir, port });
    await expect.poll(() => saved, { timeout: 60_000, interval: 5 }).toBe(total);
    stop.abort();
    await projection.done;
    const source = { url, database: 'energy', timeoutMs };
    const [count] = await queryInfluxql(source, 'SELECT count("value"), sum("value") FROM "activePowerW"');
    expect(count?.values[0]?.slice(1)).toEqual([total, (total * (total + 1)) / 2]);
    const points = await influxqlRange(source)(
      { edge: EDGE, device: 'pv-1', point: 'activePowerW' },
      { fromMs: 0, toMs: START_MS * 2 },
    );
    expect(points.map((point) => point.timeMs)).toEqual(entries.map((_, i) => START_MS + (i + 1) * 1000));
    await peer.stop();
    await rm(dir, { recursive: true, force: true });
  });
});

function logEntry(cursor: number): LogEntry {
  const sample: Sample = {
    device: 'pv-1',
    point: 'activePowerW',
    timeMs: START_MS + cursor * 1000,
    value: cursor,
    quality: 'good',
  };
  const body = encodePack({ edge: EDGE, epoch: EDGE, seq: cursor, boot: EDGE, samples: [sample], events: [] });
  return { cursor, edge: EDGE, epoch: EDGE, seq: cursor, receivedMs: START_MS, hash: '', body };
}

describe('VictoriaMetrics', () => {
  it('takes the v2 write path and exports every value with its time and tags', async () => {
    await using peer = await startVictoriaMetrics();
    const write = openV2({ url: peer.url, bucket: 'energy', org: 'ours', timeoutMs });
    const samples = Array.from({ length: 500 }, (_, i) => ({
      edge: EDGE,
      device: 'home-1',
      point: 'importedWh' as const,
      timeMs: START_MS + i * 900_000,
      value: 1000 + i * 12.345,
      quality: 'good' as const,
    }));
    const result = await writeBatch(asPoints(samples), write, { pointsMax: 200, bisectionsMax: 10 });
    expect(result).toEqual({ kind: 'done', written: 500, refused: [] });
    const rows = await exported(peer.url, '{__name__="importedWh_value"}', 500);
    expect(rows.metric).toMatchObject({ community: 'sonnenhof', edge: EDGE, device: 'home-1' });
    expect(rows.timestamps).toEqual(samples.map((sample) => sample.timeMs));
    // It keeps a value as a decimal of at most 15 digits: the difference is far below a milliwatt-hour.
    rows.values.forEach((value, i) => void expect(value).toBeCloseTo(samples[i]?.value ?? 0, 6));
  });
});

type Exported = { metric: Record<string, string>; values: number[]; timestamps: number[] };

/** New data is searchable after a flush; a series may be exported as several rows. */
async function exported(url: string, match: string, count: number): Promise<Exported> {
  const all: Exported = { metric: {}, values: [], timestamps: [] };
  await expect
    .poll(
      async () => {
        await fetch(`${url}/internal/force_flush`);
        const query = new URLSearchParams({ 'match[]': match, start: '0' });
        const body = await (await fetch(`${url}/api/v1/export?${query}`)).text();
        Object.assign(all, { values: [], timestamps: [] });
        for (const line of body.split('\n').filter((text) => text !== '')) {
          const row = JSON.parse(line) as Exported;
          all.metric = row.metric;
          all.values.push(...row.values);
          all.timestamps.push(...row.timestamps);
        }
        return all.values.length;
      },
      { timeout: 60_000, interval: 50 },
    )
    .toBe(count);
  return all;
}
