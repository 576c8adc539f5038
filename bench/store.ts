/** The embedded series store beside InfluxDB 1.6.7: writing, bytes a point, and three queries members really cause. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QUARTER_HOUR_MS } from '@commonworks/core';
import type { SeriesKey, SeriesSample } from '@commonworks/telemetry/port.ts';
import { SeriesTables } from '@commonworks/telemetry/series/series-tables.ts';
import { openOwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import { startInfluxdb } from '../test/peers/influxdb.ts';
import { sizeOf } from './size-of.ts';

const SERIES = 250;
const STEP_MS = 600_000;
const STEPS = 31 * 144;
const BATCH = 5000;
const START_MS = Date.UTC(2026, 9, 1);
const END_MS = START_MS + STEPS * STEP_MS;
const WEEK = { fromMs: START_MS + 7 * 86_400_000, toMs: START_MS + 14 * 86_400_000 };
const HOUR_MS = 3_600_000;
const EDGE = randomUUID();
/** Each query is asked so often; the median counts. */
const REPEATS = 5;

type Figures = {
  readonly pointsPerS: number;
  readonly bytesPerPoint: number;
  readonly queriesMs: readonly number[];
  readonly sums: readonly number[];
};

const keyOf = (series: number): SeriesKey => ({ edge: EDGE, device: `meter-${series}`, point: 'importedWh' });

export async function run(): Promise<void> {
  const ours = embedded();
  const peer = await influx();
  const points = (SERIES * STEPS).toLocaleString('en');
  process.stdout.write(
    `\n${points} points: ${SERIES} counters, every ten minutes, 31 days, in batches of ${BATCH}\n\n`,
  );
  process.stdout.write(
    '| store | points/s on disk | bytes/point | last of all | month of 15-minute steps | 100 series, a week by hour |\n',
  );
  process.stdout.write('|---|---|---|---|---|---|\n');
  for (const [name, figures] of [
    ['embedded (log + chunks, SQLite FULL)', ours],
    ['InfluxDB 1.6.7', peer],
  ] as const) {
    const queries = figures.queriesMs.map((ms) => `${ms.toFixed(1)} ms`);
    const rate = Math.round(figures.pointsPerS).toLocaleString('en');
    process.stdout.write(`| ${[name, rate, figures.bytesPerPoint.toFixed(1), ...queries].join(' | ')} |\n`);
  }
  const gains = [
    ours.pointsPerS / peer.pointsPerS,
    peer.bytesPerPoint / ours.bytesPerPoint,
    ...ours.queriesMs.map((ms, i) => (peer.queriesMs[i] ?? Number.NaN) / ms),
  ];
  process.stdout.write(`| ours is better by | ${gains.map((gain) => `${gain.toFixed(1)} times`).join(' | ')} |\n`);
  const differences = ours.sums.map((sum, i) => Math.abs(sum - (peer.sums[i] ?? 0)));
  process.stdout.write(
    `\nlargest difference between the answers of the two: ${Math.max(...differences).toPrecision(2)}\n`,
  );
}

/** A household's counter: a base load, a daily wave, three decimals. */
function* batches(): Generator<SeriesSample[]> {
  let batch: SeriesSample[] = [];
  for (let step = 0; step < STEPS; step++) {
    for (let series = 0; series < SERIES; series++) {
      const wh = 1_000_000 + step * (20 + series / 10) + 90 * Math.sin((step / 144) * 2 * Math.PI + series);
      const value = Math.round(wh * 1000) / 1000;
      batch.push({ ...keyOf(series), timeMs: START_MS + step * STEP_MS, value, quality: 'good' });
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
  }
  yield batch;
}

function embedded(): Figures {
  const dir = mkdtempSync(join(tmpdir(), 'commonworks-store-'));
  const { db, close } = openOwnedDatabase(join(dir, 'telemetry.db'), TELEMETRY_MIGRATIONS);
  const tables = new SeriesTables(db);
  let busyMs = 0;
  for (const batch of batches()) {
    const start = performance.now();
    inTransaction(db, () => tables.stage(batch));
    tables.committed();
    tables.sealDue();
    busyMs += performance.now() - start;
  }
  tables.sealAll();
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const last = median(() => tables.last().reduce((sum, one) => sum + Number(one.value), 0));
  const month = median(() => quarterHours(tables.range(keyOf(7), { fromMs: START_MS, toMs: END_MS })));
  const week = median(() => {
    let sum = 0;
    for (let series = 0; series < 100; series++) sum += hourlyMeans(tables.range(keyOf(series), WEEK));
    return sum;
  });
  const bytesPerPoint = sizeOf(dir) / (SERIES * STEPS);
  close();
  rmSync(dir, { recursive: true });
  return { ...figuresOf([last, month, week]), bytesPerPoint, pointsPerS: (SERIES * STEPS) / (busyMs / 1000) };
}

type Points = readonly { readonly timeMs: number; readonly value: number | string | null }[];

/** The sum of the steps between the last values of quarter-hours. */
function quarterHours(points: Points): number {
  let previous: number | null = null;
  let sum = 0;
  let slot = -1;
  let latest = 0;
  for (const { timeMs, value } of points) {
    const own = Math.floor(timeMs / QUARTER_HOUR_MS);
    if (own !== slot && slot >= 0) {
      if (previous !== null) sum += latest - previous;
      previous = latest;
    }
    slot = own;
    latest = Number(value);
  }
  return previous === null ? sum : sum + latest - previous;
}

/** The sum of the hourly means. */
function hourlyMeans(points: Points): number {
  const hours = new Map<number, { sum: number; count: number }>();
  for (const { timeMs, value } of points) {
    const hour = Math.floor(timeMs / HOUR_MS);
    const known = hours.get(hour) ?? { sum: 0, count: 0 };
    hours.set(hour, { sum: known.sum + Number(value), count: known.count + 1 });
  }
  return [...hours.values()].reduce((total, { sum, count }) => total + sum / count, 0);
}

async function influx(): Promise<Figures> {
  const home = mkdtempSync(join(tmpdir(), 'commonworks-influx-'));
  await using server = await startInfluxdb({ dir: home });
  await fetch(`${server.url}/query?q=CREATE+DATABASE+bench`, { method: 'POST' });
  let busyMs = 0;
  for (const batch of batches()) {
    const body = batch.map((one) => `importedWh,device=${one.device} value=${one.value} ${one.timeMs}`).join('\n');
    const start = performance.now();
    const response = await fetch(`${server.url}/write?db=bench&precision=ms`, { method: 'POST', body });
    if (!response.ok) throw new Error(`InfluxDB answered ${response.status}`);
    busyMs += performance.now() - start;
  }
  const ask = async (query: string) => {
    const response = await fetch(`${server.url}/query?db=bench&epoch=ms&q=${encodeURIComponent(query)}`);
    const { results } = (await response.json()) as { results: { series?: { values: [number, number | null][] }[] }[] };
    return (results[0]?.series ?? [])
      .flatMap(({ values }) => values.map(([, value]) => value ?? 0))
      .reduce((a, b) => a + b, 0);
  };
  const within = (fromMs: number, toMs: number) => `time >= ${fromMs}ms AND time < ${toMs}ms`;
  const devices = Array.from({ length: 100 }, (_, i) => `device = 'meter-${i}'`).join(' OR ');
  const month = within(START_MS, END_MS);
  const queries = [
    await medianAsync(() => ask('SELECT last(value) FROM importedWh GROUP BY device')),
    await medianAsync(() =>
      ask(
        `SELECT difference(last(value)) FROM importedWh WHERE device = 'meter-7' AND ${month} GROUP BY time(15m) FILL(none)`,
      ),
    ),
    await medianAsync(() =>
      ask(
        `SELECT mean(value) FROM importedWh WHERE (${devices}) AND ${within(WEEK.fromMs, WEEK.toMs)} GROUP BY time(1h), device FILL(none)`,
      ),
    ),
  ];
  await server.stop();
  const bytesPerPoint = sizeOf(join(home, 'data')) / (SERIES * STEPS) + sizeOf(join(home, 'wal')) / (SERIES * STEPS);
  rmSync(home, { recursive: true, force: true });
  return { ...figuresOf(queries), bytesPerPoint, pointsPerS: (SERIES * STEPS) / (busyMs / 1000) };
}

type Timed = { readonly ms: number; readonly sum: number };

function figuresOf(queries: readonly Timed[]): Pick<Figures, 'queriesMs' | 'sums'> {
  return { queriesMs: queries.map(({ ms }) => ms), sums: queries.map(({ sum }) => sum) };
}

function median(query: () => number): Timed {
  const runs = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    return { sum: query(), ms: performance.now() - start };
  });
  return middle(runs);
}

async function medianAsync(query: () => Promise<number>): Promise<Timed> {
  const runs: Timed[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    runs.push({ sum: await query(), ms: performance.now() - start });
  }
  return middle(runs);
}

function middle(runs: Timed[]): Timed {
  return runs.sort((a, b) => a.ms - b.ms)[Math.floor(runs.length / 2)] ?? { ms: 0, sum: 0 };
}
