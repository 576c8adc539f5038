/** Every query of the generated dashboards, run against a real InfluxDB 1.6.7 with a day of a small community in it. */
import type { Sample } from '@commonworks/core';
import { grafanaDashboards } from '@commonworks/dashboard/grafana/provisioning-files.ts';
import { OpenBatch } from '@commonworks/telemetry/influx/open-batch.ts';
import { pointsOfPack } from '@commonworks/telemetry/influx/points.ts';
import type { InfluxqlSource } from '@commonworks/telemetry/influx/read-influxql.ts';
import { queryInfluxql } from '@commonworks/telemetry/influx/read-influxql.ts';
import { openV1 } from '@commonworks/telemetry/influx/write-v1.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InfluxdbPeer } from './peers/influxdb.ts';
import { startInfluxdb } from './peers/influxdb.ts';

const EDGE = '01890000-0000-7000-8000-000000000001';
const DAY_MS = Date.UTC(2026, 5, 1);
const STEP_MS = 300_000;
const STEPS = 288;
const DEVICES = ['pv-1', 'bat-1', 'grid-1', 'home-1', 'home-2', 'laser-1'] as const;
const GAUGES = [
  'activePowerW',
  'activePowerL1W',
  'voltageV',
  'currentA',
  'frequencyHz',
  'powerFactor',
  'temperatureC',
] as const;

type Query = { dashboard: string; panel: string; query: string };

function generatedQueries(): Query[] {
  return grafanaDashboards().flatMap((dashboard) =>
    (dashboard.panels ?? []).flatMap((panel) =>
      ('targets' in panel ? (panel.targets ?? []) : []).map((target) => ({
        dashboard: dashboard.title ?? '',
        panel: panel.title ?? '',
        query: 'query' in target ? String(target.query) : '',
      })),
    ),
  );
}

/** What Grafana puts in place of its macros and our variables. */
function interpolate(query: string): string {
  return query
    .replaceAll('$timeFilter', `time >= ${DAY_MS}ms and time <= ${DAY_MS + STEPS * STEP_MS}ms`)
    .replaceAll('$__interval', '5m')
    .replaceAll('$bar', '15m')
    .replaceAll('/^$device$/', `/^(${DEVICES.join('|')})$/`);
}

/** A register that rises by a whole number of mWh that differs from step to step. */
function registerWh(device: number, step: number): number {
  return (1_000_000 * (device + 1) + step * 1234 + (step % 5) * 7) / 1000;
}

function samplesAt(step: number): Sample[] {
  const timeMs = DAY_MS + step * STEP_MS;
  const good = { timeMs, quality: 'good' as const };
  return DEVICES.flatMap((device, i) => [
    ...GAUGES.map((point) => ({ ...good, device, point, value: 100 * (i + 1) + (step % 10) })),
    { ...good, device, point: 'importedWh' as const, value: registerWh(i, step) },
    { ...good, device, point: 'exportedWh' as const, value: registerWh(i, step) },
    ...(device === 'bat-1' ? [{ ...good, device, point: 'socPct' as const, value: step % 100 }] : []),
    ...(device === 'laser-1' ? workshopSamples(step, timeMs) : []),
  ]);
}

function workshopSamples(step: number, timeMs: number): Sample[] {
  const good = { device: 'laser-1', timeMs, quality: 'good' as const };
  return [
    { ...good, point: 'activity', value: step % 20 < 5 ? 'running' : 'idle' },
    { ...good, point: 'progressPct', value: step % 100 },
    { ...good, point: 'relayOn', value: 1 },
    { device: 'laser-1', point: 'voltageL1V', timeMs, value: null, quality: 'missing' },
  ];
}

describe('the generated dashboards on InfluxDB 1.6.7', () => {
  let peer: InfluxdbPeer;
  let source: InfluxqlSource;
  beforeAll(async () => {
    peer = await startInfluxdb();
    source = { url: peer.url, database: 'energy', timeoutMs: 10_000 };
    const write = openV1({ url: peer.url, database: 'energy', timeoutMs: 10_000 });
    const samples = Array.from({ length: STEPS + 1 }, (_, step) => samplesAt(step)).flat();
    const pack = { edge: EDGE, epoch: EDGE, seq: 1, boot: EDGE, samples, events: [] };
    const { points } = pointsOfPack(pack, 'sonnenhof');
    const result = await new OpenBatch(points, { pointsMax: 5000 }).advance(write);
    expect(result).toMatchObject({ kind: 'done', refused: [] });
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  /** Points of the catalogue that this small community does not measure. */
  const unmeasured = /activePowerL[23]W|voltageL\dV|currentL\dA/;

  it.each(generatedQueries())('$dashboard, $panel: $query', async ({ query }) => {
    const series = await queryInfluxql(source, interpolate(query));
    if (unmeasured.test(query)) return;
    expect(series.length).toBeGreaterThan(0);
    expect(series.flatMap((one) => one.values).some((row) => row.slice(1).some((cell) => cell !== null))).toBe(true);
  });

  it('draws each bar at the start of its interval, with exactly the energy its register gained', async () => {
    const query = generatedQueries().find(
      ({ panel, query: text }) => panel === 'Where it went' && text.includes('laser'),
    );
    const [series] = await queryInfluxql(source, interpolate(query?.query ?? ''));
    const laser = DEVICES.indexOf('laser-1');
    const expected = Array.from({ length: STEPS / 3 }, (_, bar) => [
      DAY_MS + bar * 900_000 + 1,
      (registerWh(laser, bar * 3 + 3) - registerWh(laser, bar * 3)) / 1000,
    ]);
    expect(series?.values.length).toBe(expected.length);
    series?.values.forEach(([time, kwh], i) => {
      expect(time).toBe(expected[i]?.[0]);
      expect(kwh).toBeCloseTo(expected[i]?.[1] ?? Number.NaN, 9);
    });
  });

  it('adds up the homes, and leaves out what is not usable', async () => {
    const query = generatedQueries().find(
      ({ panel, dashboard }) => dashboard === 'Community overview' && panel === 'Homes',
    );
    const [series] = await queryInfluxql(source, interpolate(query?.query ?? ''));
    expect(series?.values[0]?.[1]).toBe(400 + 500 + 2 * (STEPS % 10));
  });

  it('offers the devices to choose from', async () => {
    const series = await queryInfluxql(source, 'SHOW TAG VALUES WITH KEY = "device"');
    const names = new Set(series.flatMap((one) => one.values.map((row) => row[1])));
    expect(names).toEqual(new Set(DEVICES));
  });
});
