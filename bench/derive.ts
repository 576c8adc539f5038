/** From registers to shared quarter hours: 200 homes as their readings arrive, beside plain differences in InfluxDB 1.6.7. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, openDatabase } from '@commonworks/community/database.ts';
import { processPage } from '@commonworks/community/metering/process-page.ts';
import { addMember } from '@commonworks/community/register/members.ts';
import { addPoint, assignDevice } from '@commonworks/community/register/points.ts';
import { addTariff } from '@commonworks/community/register/tariffs.ts';
import { encodePack, type LogEntry, QUARTER_HOUR_MS } from '@commonworks/core';
import { createRegisterBook, type DeriveRules, type RegisterSample } from '@commonworks/core/metering/index.ts';
import { startInfluxdb } from '../test/peers/influxdb.ts';
import { sizeOf } from './size-of.ts';

const EDGES = 10;
const HOMES_PER_EDGE = 20;
const HOMES = EDGES * HOMES_PER_EDGE;
const MINUTE_MS = 60_000;
const MINUTES = 12 * 60;
const START_MS = Date.UTC(2026, 9, 1);
/** The peer's databases run a continuous query for each quarter hour over the last ones. */
const LOOK_BACK_MS = 4 * QUARTER_HOUR_MS;
const YEAR_READINGS = 365 * 288;
const ROUNDS = 3;

const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const edgeId = (edge: number) => id(100 + edge);

/** A home's register and power: a base load and a daily wave; every tenth is a producer. */
function readingOf(home: number, timeMs: number): { readonly wh: number; readonly powerW: number } {
  const hours = (timeMs - START_MS) / 3_600_000;
  const powerW = 300 + home + 200 * Math.sin((hours / 24) * 2 * Math.PI);
  const wh =
    1e6 * home + (300 + home) * hours + (200 * 24 * (1 - Math.cos((hours / 24) * 2 * Math.PI))) / (2 * Math.PI);
  return { wh: Math.round(wh * 1000) / 1000, powerW: Math.round(powerW) };
}
const isProducer = (home: number) => home % 10 === 0;

export async function run(): Promise<void> {
  await printArrival();
  await printYear();
}

async function printArrival(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'commonworks-derive-'));
  const ours = await arrive(dir);
  rmSync(dir, { recursive: true });
  const peer = await influx();
  process.stdout.write(
    `\n${HOMES} homes, a register and a power each minute for ${MINUTES / 60} hours, as they arrive\n\n`,
  );
  process.stdout.write(
    '| | CPU a reading | longest minute | longest minute without a new quarter hour | disk a day | energy |\n|---|---|---|---|---|---|\n',
  );
  for (const [name, one] of [
    ['ours: judged, placed, shared, proof kept', ours],
    ['InfluxDB 1.6.7: differences alone', peer],
  ] as const) {
    const mb = (one.bytes / 1e6) * (1440 / MINUTES);
    const cells = [
      `${one.cpuUs.toFixed(0)} µs`,
      `${one.longestMs.toFixed(0)} ms`,
      `${one.longestQuietMs.toFixed(0)} ms`,
    ];
    process.stdout.write(`| ${[name, ...cells, `${mb.toFixed(1)} MB`, `${one.kwh.toFixed(1)} kWh`].join(' | ')} |\n`);
  }
  process.stdout.write(`| ours takes | ${(ours.cpuUs / peer.cpuUs).toFixed(1)} times the CPU |  |  |  |  |\n`);
}

type Figures = {
  readonly cpuUs: number;
  readonly longestMs: number;
  readonly longestQuietMs: number;
  readonly bytes: number;
  readonly kwh: number;
};

async function arrive(dir: string): Promise<Figures> {
  await using db = await openDatabase(join(dir, 'community.db'));
  await settle(db);
  const before = sizeOf(dir);
  const minutes = Array.from({ length: MINUTES }, (_, minute) => entriesOf(minute));
  const cpu = process.cpuUsage();
  const spent: number[] = [];
  for (const [minute, entries] of minutes.entries()) {
    const began = performance.now();
    const hub = { nowMs: START_MS + minute * MINUTE_MS, isTrusted: true, upMs: minute * MINUTE_MS, boot: id(7) };
    await processPage(db, { entries, hub, next: (minute + 1) * EDGES }, []);
    spent.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(cpu);
  const rows = await db.selectFrom('interval').select('energy_mwh').execute();
  const kwh = rows.reduce((sum, row) => sum + (row.energy_mwh ?? 0), 0) / 1e6;
  const bytes = sizeOf(dir) - before;
  return { ...longest(spent), cpuUs: (user + system) / (HOMES * MINUTES), bytes, kwh };
}

async function settle(db: Db): Promise<void> {
  const community = id(1);
  for (let home = 0; home < HOMES; home++) {
    const [member, point] = [id(1000 + home), id(2000 + home)];
    await addMember(db, { community, id: member, name: `Member ${home}`, email: null, roles: ['member'], joinedMs: 0 });
    const role = isProducer(home) ? 'producer' : 'consumer';
    await addPoint(db, { community, id: point, name: `Home ${home}`, role, member, ratedPowerW: 20_000 });
    const edge = edgeId(Math.floor(home / HOMES_PER_EDGE));
    await assignDevice(db, point, { edge, device: `home-${home}`, fromMs: START_MS - QUARTER_HOUR_MS, toMs: null });
  }
  const prices = { internalPrice: '12.5', gridPrice: '29.8', feedInPrice: '6.4' };
  await addTariff(db, community, { id: id(2), fromMs: START_MS - QUARTER_HOUR_MS, method: 'pro-rata', ...prices });
}

function entriesOf(minute: number): LogEntry[] {
  const timeMs = START_MS + minute * MINUTE_MS;
  return Array.from({ length: EDGES }, (_, edge) => {
    const samples = Array.from({ length: HOMES_PER_EDGE }, (_, n) => {
      const home = edge * HOMES_PER_EDGE + n;
      const { wh, powerW } = readingOf(home, timeMs);
      const at = { device: `home-${home}`, timeMs, quality: 'good' as const };
      const register = isProducer(home) ? ('exportedWh' as const) : ('importedWh' as const);
      const signed = isProducer(home) ? -powerW : powerW;
      return [
        { ...at, point: register, value: wh },
        { ...at, point: 'activePowerW' as const, value: signed },
      ];
    });
    const [seq, epoch] = [minute + 1, id(200 + edge)];
    const body = encodePack({
      edge: edgeId(edge),
      epoch,
      seq,
      boot: id(300 + edge),
      samples: samples.flat(),
      events: [],
    });
    const cursor = minute * EDGES + edge + 1;
    return { cursor, edge: edgeId(edge), epoch, seq, receivedMs: timeMs, hash: '', body };
  });
}

/** The same readings, and each quarter hour a query for the differences, as a continuous query would ask. */
async function influx(): Promise<Figures> {
  const home = mkdtempSync(join(tmpdir(), 'commonworks-influx-'));
  await using server = await startInfluxdb({ dir: home });
  await fetch(`${server.url}/query?q=CREATE+DATABASE+bench`, { method: 'POST' });
  const cpu = cpuMsOf(server.pid);
  const spent: number[] = [];
  const energies = new Map<string, number>();
  for (let minute = 0; minute < MINUTES; minute++) {
    const timeMs = START_MS + minute * MINUTE_MS;
    const began = performance.now();
    const lines = Array.from({ length: HOMES }, (_, one) => {
      const { wh, powerW } = readingOf(one, timeMs);
      return `meter,device=home-${one} wh=${wh},power=${powerW} ${timeMs}`;
    });
    const url = `${server.url}/write?db=bench&precision=ms`;
    const written = await fetch(url, { method: 'POST', body: lines.join('\n') });
    if (!written.ok) throw new Error(`InfluxDB answered ${written.status}`);
    if (timeMs % QUARTER_HOUR_MS === 0) await differences(server.url, timeMs, energies);
    spent.push(performance.now() - began);
  }
  const cpuUs = ((cpuMsOf(server.pid) - cpu) * 1000) / (HOMES * MINUTES);
  await server.stop();
  const bytes = sizeOf(join(home, 'data')) + sizeOf(join(home, 'wal'));
  rmSync(home, { recursive: true, force: true });
  const kwh = [...energies.values()].reduce((sum, wh) => sum + wh, 0) / 1000;
  return { ...longest(spent), cpuUs, bytes, kwh };
}

async function differences(url: string, untilMs: number, energies: Map<string, number>): Promise<void> {
  const span = `time >= ${untilMs - LOOK_BACK_MS}ms AND time <= ${untilMs}ms`;
  const query = `SELECT difference(first(wh)) FROM meter WHERE ${span} GROUP BY time(15m), device FILL(none)`;
  const response = await fetch(`${url}/query?db=bench&epoch=ms&q=${encodeURIComponent(query)}`);
  type Series = { tags: { device: string }; values: [number, number][] };
  const { results } = (await response.json()) as { results: { series?: Series[] }[] };
  for (const { tags, values } of results[0]?.series ?? [])
    for (const [timeMs, wh] of values) energies.set(`${tags.device} ${timeMs}`, wh);
}

/** Minutes that end a quarter hour are those in which it is derived. */
function longest(spent: readonly number[]): { longestMs: number; longestQuietMs: number } {
  const quiet = spent.filter((_, minute) => (minute * MINUTE_MS) % QUARTER_HOUR_MS !== 0);
  return { longestMs: Math.max(...spent), longestQuietMs: Math.max(...quiet) };
}

/** User and system time of a process (proc(5), fields 14 and 15, in hundredths of a second). */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function printYear(): Promise<void> {
  const step = (365 * 86_400_000) / YEAR_READINGS;
  const samples = Array.from({ length: YEAR_READINGS }, (_, n): RegisterSample => {
    const timeMs = START_MS + n * step;
    return { timeMs, mwh: Math.round(readingOf(1, timeMs).wh * 1000), quality: 'good' };
  });
  const facts = { ratedPowerW: 20_000 };
  const rules: DeriveRules = { facts, lengthMs: QUARTER_HOUR_MS, gapRule: () => ({ method: 'flat' }) };
  const derive = async (group: number) => {
    const book = createRegisterBook(rules);
    const began = performance.now();
    for (let i = 0; i < samples.length; i += group) await book.add(samples.slice(i, i + group));
    const seconds = (performance.now() - began) / 1000;
    return { seconds, intervals: (await book.read()).intervals };
  };
  const best = async (group: number) => {
    let fastest = await derive(group);
    for (let round = 1; round < ROUNDS; round++) {
      const again = await derive(group);
      if (again.seconds < fastest.seconds) fastest = again;
    }
    return fastest;
  };
  const whole = await best(samples.length);
  const rows = await best(1);
  const isSame = JSON.stringify(whole.intervals) === JSON.stringify(rows.intervals);
  process.stdout.write(`\n${YEAR_READINGS.toLocaleString('en')} readings of one register, a year of five minutes\n\n`);
  process.stdout.write('| all at once | row by row | ratio | same intervals |\n|---|---|---|---|\n');
  const cells = [`${whole.seconds.toFixed(2)} s`, `${rows.seconds.toFixed(2)} s`];
  process.stdout.write(
    `| ${[...cells, (rows.seconds / whole.seconds).toFixed(2), isSame ? 'yes' : 'NO'].join(' | ')} |\n`,
  );
}
