/** The InfluxDB projection against real databases: Debian's InfluxDB 1.6.7 and VictoriaMetrics. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogEntry, PointName, Sample } from '@commonworks/core';
import { encodePack } from '@commonworks/core';
import { describeSeriesStore } from '@commonworks/telemetry/contract.ts';
import { startProjection } from '@commonworks/telemetry/influx/index.ts';
import { OpenBatch } from '@commonworks/telemetry/influx/open-batch.ts';
import type { InfluxPoint } from '@commonworks/telemetry/influx/points.ts';
import { pointsOfPack } from '@commonworks/telemetry/influx/points.ts';
import { influxqlLast, influxqlRange, queryInfluxql } from '@commonworks/telemetry/influx/read-influxql.ts';
import { openV1 } from '@commonworks/telemetry/influx/write-v1.ts';
import { openV2 } from '@commonworks/telemetry/influx/write-v2.ts';
import type { SeriesSample, SeriesStore } from '@commonworks/telemetry/port.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InfluxdbPeer } from './peers/influxdb.ts';
import { startInfluxdb } from './peers/influxdb.ts';
import { startVictoriaMetrics } from './peers/victoria-metrics.ts';

const EDGE = '01890000-0000-7000-8000-000000000001';
const START_MS = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
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
        const result = await new OpenBatch(asPoints(samples), { pointsMax: 5000 }).advance(write);
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
    const result = await new OpenBatch(points, { pointsMax: 5000 }).advance(write);
    expect(result).toMatchObject({ kind: 'done', written: 1, refused: [{ points: [{ measurement: 'voltageV' }] }] });
    const [stored] = await queryInfluxql(source, 'SELECT count("value") FROM "currentA"');
    expect(stored?.values[0]?.[1]).toBe(1);
  });

  it('counts to the point what it stored and refused: a wrong type in one shard, points too old, good ones between', async () => {
    const source = { url: peer.url, database: 'truth', timeoutMs };
    const nowMs = Date.now();
    const q = 'CREATE DATABASE truth WITH DURATION 5d SHARD DURATION 1d';
    await fetch(`${peer.url}/query?${new URLSearchParams({ q })}`, { method: 'POST' });
    await fetch(`${peer.url}/write?db=truth&precision=ms`, { method: 'POST', body: `voltageV value="text" ${nowMs}` });
    const sample = { edge: EDGE, device: 'm', value: 1, quality: 'good' } as const;
    // One point a second is 25 minutes: all of those of voltageV lie in the shard of the text, or in the one before.
    const recent = Array.from({ length: 1500 }, (_, i) => nowMs - i * 1000);
    const samples = recent.flatMap((timeMs): SeriesSample[] => [
      { ...sample, point: 'voltageV', timeMs },
      { ...sample, point: 'activePowerW', timeMs },
      { ...sample, point: 'voltageV', timeMs: timeMs - 2 * DAY_MS },
      { ...sample, point: 'activePowerW', timeMs: timeMs - 8 * DAY_MS },
      { ...sample, point: 'voltageV', device: 'n', timeMs, value: null, quality: 'missing' },
    ]);
    const shardStartMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
    const conflicts = recent.filter((timeMs) => timeMs >= shardStartMs).length;
    let requests = 0;
    const write = openV1({ url: peer.url, database: 'truth', timeoutMs });
    const batch = new OpenBatch(asPoints(samples), { pointsMax: 5000 });
    const result = await batch.advance(async (points) => {
      requests++;
      return await write(points);
    });
    if (result.kind !== 'done') throw new Error(result.message);
    const refused = result.refused.reduce((sum, { points }) => sum + points.length, 0);
    expect({ written: result.written, refused }).toEqual({ written: 6000 - conflicts, refused: 1500 + conflicts });
    const stored = await queryInfluxql(source, 'SELECT count("quality") FROM /.*/');
    expect(stored.reduce((sum, one) => sum + Number(one.values[0]?.[1] ?? 0), 0)).toBe(result.written);
    expect(requests).toBeLessThan(60);
  });

  it('and a projection into it tells the same, although it is killed on the way', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'commonworks-conflict-'));
    let server = await startInfluxdb({ dir });
    const { port, url } = server;
    await fetch(`${url}/query?q=CREATE%20DATABASE%20energy`, { method: 'POST' });
    await fetch(`${url}/write?db=energy`, { method: 'POST', body: `voltageV value="text" ${START_MS}000000` });
    const entries = Array.from({ length: 400 }, (_, i) => logEntry(i + 1, ['activePowerW', 'voltageV', 'currentA']));
    const stop = new AbortController();
    let isStopped = false;
    const saved = new Map<string, number>();
    const projection = startProjection({
      community: 'sonnenhof',
      targets: [{ name: 'main', api: 'v1', url, database: 'energy' }],
      readLog: async (after, limit) => {
        if (after >= 100 && !isStopped) {
          isStopped = true;
          void server.stop('SIGKILL');
        }
        return entries.slice(after, after + limit);
      },
      cursors: { get: () => 0, set: (name, cursor) => void saved.set(name, cursor) },
      now: Date.now,
      log: quiet,
      limits: { entriesMax: 100, idleMs: 2, backOffMinMs: 5, backOffMaxMs: 50 },
      signal: stop.signal,
    });
    await expect.poll(() => projection.status()[0]?.trouble?.attempts ?? 0, { timeout: 60_000 }).toBeGreaterThan(2);
    server = await startInfluxdb({ dir, port });
    await expect.poll(() => projection.status()[0]?.state, { timeout: 60_000, interval: 5 }).toBe('caught-up');
    stop.abort();
    await projection.done;
    expect(projection.status()[0]).toMatchObject({ cursor: 400, pointsWritten: 800, pointsRefused: 400 });
    expect(projection.status()[0]?.letters).toMatchObject([{ series: `${EDGE}/pv-1/voltageV`, count: 400 }]);
    const counted = await queryInfluxql({ url, database: 'energy', timeoutMs }, 'SELECT count("quality") FROM /.*/');
    expect(counted.map((one) => [one.name, one.values[0]?.[1]])).toEqual([
      ['activePowerW', 400],
      ['currentA', 400],
    ]);
    await server.stop();
    await rm(dir, { recursive: true, force: true });
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

function logEntry(cursor: number, names: PointName[] = ['activePowerW']): LogEntry {
  const timeMs = START_MS + cursor * 1000;
  const samples = names.map((point): Sample => ({ device: 'pv-1', point, timeMs, value: cursor, quality: 'good' }));
  const body = encodePack({ edge: EDGE, epoch: EDGE, seq: cursor, boot: EDGE, samples, events: [] });
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
    const result = await new OpenBatch(asPoints(samples), { pointsMax: 200 }).advance(write);
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
