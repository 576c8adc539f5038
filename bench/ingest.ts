/** Acknowledged-and-on-disk packs a second: our broker beside mosquitto with a subscriber that writes to InfluxDB. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePack, encodePack, type Sample } from '@commonworks/core';
import { connectAsync } from 'mqtt';
import { generate } from 'mqtt-packet';
import { hashSecret } from '../broker/access/secret-hash.ts';
import {
  type BrokerProcess,
  type BrokerSite,
  newBrokerSite,
  putAccess,
  startBrokerProcess,
} from '../test/peers/broker-process.ts';
import { startInfluxdb } from '../test/peers/influxdb.ts';
import { startPeer } from '../test/peers/process.ts';

type Row = { readonly points: number; readonly publishers: number; readonly packs: number };

/** Sized so that a round takes seconds; packs are made before the clock starts. */
const ROWS: readonly Row[] = [
  { points: 1, publishers: 1, packs: 20_000 },
  { points: 1, publishers: 10, packs: 20_000 },
  { points: 20, publishers: 1, packs: 6000 },
  { points: 20, publishers: 10, packs: 6000 },
  { points: 100, publishers: 1, packs: 2000 },
  { points: 100, publishers: 10, packs: 2000 },
];
/** Turns are taken, and the median counts: a disk that flushes slowly for a moment hits either side. */
const ROUNDS = 3;
/** Packs sent before the clock starts: both sides run warm, as they do in a cellar. */
const WARM_UP_PACKS = 1000;
const ROW_LIMIT_MS = 30_000;
const IN_FLIGHT_MAX = 60;
const SECRET = 'bench';
const POINTS = ['activePowerW', 'voltageV', 'currentA', 'importedWh', 'exportedWh'] as const;

type Publisher = { readonly edge: string; readonly packets: Buffer[] };

export async function run(): Promise<void> {
  process.stdout.write(
    '\n| points a pack | publishers | ours packs/s | ours points/s | mosquitto + InfluxDB packs/s | points/s | ratio |\n',
  );
  process.stdout.write('|---|---|---|---|---|---|---|\n');
  for (const row of ROWS) {
    const rates: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
    for (let round = 0; round < ROUNDS; round++) {
      rates.ours.push(await ourRate(row));
      rates.peer.push(await peerRate(row));
    }
    const [ours, peer] = [median(rates.ours), median(rates.peer)];
    const cells = [row.points, row.publishers, ours, ours * row.points, peer, peer * row.points];
    const whole = cells.map((cell) => Math.round(cell).toLocaleString('en')).join(' | ');
    process.stdout.write(`| ${whole} | ${(ours / peer).toFixed(2)} |\n`);
  }
}

function median(rates: readonly number[]): number {
  return rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)] ?? Number.NaN;
}

async function ourRate(row: Row): Promise<number> {
  using site = newBrokerSite();
  const broker = await startBrokerProcess(site);
  const publishers = makePublishers(row, site.config.community.id);
  const warmUp = makeWarmUp(row, site.config.community.id);
  await admit(site, broker, [...publishers, ...warmUp]);
  await Promise.all(warmUp.map((one) => publishAll(broker.mqttPort, one)));
  const seconds = await timed(() => Promise.all(publishers.map((one) => publishAll(broker.mqttPort, one))));
  await broker.stop();
  return row.packs / seconds;
}

async function admit(site: BrokerSite, broker: BrokerProcess, publishers: readonly Publisher[]): Promise<void> {
  const secretHash = hashSecret(SECRET);
  const principals = publishers.map(({ edge }) => ({ user: edge, role: 'edge', secretHash, enabled: true }));
  await putAccess(site, broker, { version: 1, community: site.config.community.id, principals });
}

/** A pack counts when InfluxDB has answered that it is written; the subscriber shares the process of the publishers. */
async function peerRate(row: Row): Promise<number> {
  await using influx = await startInfluxdb();
  await fetch(`${influx.url}/query?q=CREATE+DATABASE+bench`, { method: 'POST' });
  const mosquitto = await startMosquitto();
  const subscriber = await connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`);
  const warm = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  let written = 0;
  const write = batchWriter(`${influx.url}/write?db=bench&precision=ms`, (count) => {
    written += count;
    if (written >= WARM_UP_PACKS) warm.resolve();
    if (written >= WARM_UP_PACKS + row.packs) done.resolve();
  });
  subscriber.on('message', (_topic, payload) => write(payload));
  await subscriber.subscribeAsync('bench/+/data', { qos: 1 });
  const publishers = makePublishers(row, 'bench');
  await Promise.all(makeWarmUp(row, 'bench').map((one) => publishAll(mosquitto.port, one)));
  await warm.promise;
  const seconds = await timed(async () => {
    await Promise.all(publishers.map((one) => publishAll(mosquitto.port, one)));
    await done.promise;
  });
  await subscriber.endAsync(true);
  await mosquitto.stop();
  return row.packs / seconds;
}

async function startMosquitto(): Promise<{ port: number; stop: () => Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'commonworks-mosquitto-'));
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const limits = 'max_queued_messages 0\nmax_inflight_messages 1000\n';
  writeFileSync(join(dir, 'm.conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n${limits}`);
  const peer = await startPeer('/usr/sbin/mosquitto', ['-v', '-c', join(dir, 'm.conf')], {
    ready: /(running)/,
    package: 'mosquitto',
  });
  return {
    port,
    stop: async () => {
      await peer.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** One request at a time, with everything that came meanwhile, at most 5,000 points. */
function batchWriter(url: string, onWritten: (packs: number) => void): (payload: Buffer) => void {
  const queue: Buffer[] = [];
  let isWriting = false;
  const flush = async () => {
    if (isWriting) return;
    isWriting = true;
    while (queue.length > 0) {
      const lines: string[] = [];
      let packs = 0;
      for (; queue.length > 0 && lines.length < 5000; packs++) lines.push(...linesOf(queue.shift()));
      const { ok, status } = await fetch(url, { method: 'POST', body: lines.join('\n') });
      if (!ok) throw new Error(`InfluxDB answered ${status}`);
      onWritten(packs);
    }
    isWriting = false;
  };
  return (payload) => {
    queue.push(payload);
    void flush();
  };
}

function linesOf(payload: Buffer | undefined): string[] {
  const { pack } = decodePack(payload ?? Buffer.alloc(0));
  return pack.samples.map(
    ({ device, point, timeMs, value }) => `${point},edge=${pack.edge},device=${device} value=${value} ${timeMs}`,
  );
}

function makeWarmUp(row: Row, community: string): Publisher[] {
  return makePublishers({ ...row, packs: WARM_UP_PACKS }, community);
}

function makePublishers({ points, publishers, packs }: Row, community: string): Publisher[] {
  const startMs = Date.now() - 86_400_000;
  return Array.from({ length: publishers }, () => {
    const [edge, epoch, boot] = [randomUUID(), randomUUID(), randomUUID()];
    const packets = Array.from({ length: packs / publishers }, (_, i) => {
      const samples: Sample[] = Array.from({ length: points }, (_, j) => ({
        device: `meter-${Math.floor(j / POINTS.length)}`,
        point: POINTS[j % POINTS.length] ?? 'activePowerW',
        timeMs: startMs + i * 1000,
        value: Math.round((i * (j + 1) * 7.3 + Math.sin(i + j) * 50) * 1000) / 1000,
        quality: 'good',
      }));
      const payload = encodePack({ edge, epoch, seq: i + 1, boot, samples, events: [] });
      const topic = `${community}/${edge}/data`;
      return generate({ cmd: 'publish', topic, payload, qos: 1, messageId: i + 1, dup: false, retain: false });
    });
    return { edge, packets };
  });
}

/** Resolves when the last PUBACK is there. The broker sends nothing else, and a PUBACK has four bytes. */
async function publishAll(port: number, { edge, packets }: Publisher): Promise<void> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  const login = { clientId: edge, username: edge, password: Buffer.from(SECRET), keepalive: 60, clean: true } as const;
  socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, ...login }));
  await once(socket, 'data');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error('the row took too long')), ROW_LIMIT_MS);
  let sent = 0;
  let bytes = 0;
  const sendMore = () => {
    const upTo = Math.min(packets.length, Math.floor(bytes / 4) + IN_FLIGHT_MAX);
    if (sent < upTo) socket.write(Buffer.concat(packets.slice(sent, upTo)));
    sent = Math.max(sent, upTo);
  };
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes / 4 >= packets.length) resolve();
    else sendMore();
  });
  socket.on('close', () => reject(new Error('the broker closed the connection')));
  sendMore();
  await promise.finally(() => clearTimeout(timer));
  socket.removeAllListeners('close').destroy();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
