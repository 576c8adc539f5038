/** What an honest edge waits for its PUBACK, calm and beside one that floods: our broker beside mosquitto, and how soon a revocation acts. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type BrokerStatus, encodePack } from '@commonworks/core';
import { generate } from 'mqtt-packet';
import { hashSecret } from '../broker/access/secret-hash.ts';
import { getJson, newBrokerSite, putAccess, startBrokerProcess } from '../test/peers/broker-process.ts';
import { startPeer } from '../test/peers/process.ts';
import type { Flood } from './flood-worker.ts';

const FLOODS: readonly Flood['kind'][] = ['status', 'subscribe', 'live'];
const SECRET = 'bench';
const PACKS = 400;
const EVERY_MS = 10;
/** The flood has begun when the honest edge is measured. */
const LEAD_MS = 1000;

type Waits = { readonly p50: number; readonly p99: number };

export async function run(): Promise<void> {
  process.stdout.write(
    '\n| flood | broker | calm p50 / p99 ms | flooded p50 / p99 ms | p99 flooded : calm | revoked after ms |\n',
  );
  process.stdout.write('|---|---|---|---|---|---|\n');
  for (const kind of FLOODS) {
    const ours = await tryOurs(kind);
    print(kind, { broker: 'ours', ...ours });
    print(kind, { broker: 'mosquitto', ...(await tryPeer(kind)), revokedMs: null });
  }
}

type Tried = { readonly calm: Waits; readonly flooded: Waits };

function print(kind: string, tried: Tried & { broker: string; revokedMs: number | null }): void {
  const { broker, calm, flooded, revokedMs } = tried;
  const waits = ({ p50, p99 }: Waits) => `${p50.toFixed(1)} / ${p99.toFixed(1)}`;
  const ratio = (flooded.p99 / calm.p99).toFixed(1);
  const revoked = revokedMs === null ? '-' : revokedMs.toFixed(0);
  process.stdout.write(`| ${kind} | ${broker} | ${waits(calm)} | ${waits(flooded)} | ${ratio} | ${revoked} |\n`);
}

async function tryOurs(kind: Flood['kind']): Promise<Tried & { revokedMs: number }> {
  using site = newBrokerSite();
  const broker = await startBrokerProcess(site);
  const [good, bad] = [randomUUID(), randomUUID()];
  const principal = (user: string) => ({ user, role: 'edge', secretHash: hashSecret(SECRET), enabled: true });
  const document = { version: 1, community: site.config.community.id, principals: [principal(good), principal(bad)] };
  await putAccess(site, broker, document);
  const at = { port: broker.mqttPort, community: site.config.community.id };
  const isIn = async () =>
    (await getJson<BrokerStatus>(site, broker, '/status')).clients.some(({ user }) => user === bad);
  const tried = await measure({ ...at, good, bad, kind }, async () => {
    // It is cut again and again, and comes back: withdrawn is measured from a moment at which it is in.
    while (!(await isIn())) await pause(1);
    const sentMs = performance.now();
    await putAccess(site, broker, { ...document, version: 2, principals: [principal(good)] });
    const revokedMs = performance.now() - sentMs;
    if (await isIn()) throw new Error('it is still connected');
    return revokedMs;
  });
  await broker.stop();
  return { ...tried, revokedMs: tried.after };
}

async function tryPeer(kind: Flood['kind']): Promise<Tried> {
  const dir = mkdtempSync(join(tmpdir(), 'commonworks-mosquitto-'));
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  writeFileSync(join(dir, 'm.conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const peer = await startPeer('/usr/sbin/mosquitto', ['-v', '-c', join(dir, 'm.conf')], {
    ...{ ready: /(running)/, package: 'mosquitto' },
  });
  const names = { community: 'bench', good: randomUUID(), bad: randomUUID() };
  const tried = await measure({ port, ...names, kind }, async () => 0);
  await peer.stop();
  rmSync(dir, { recursive: true, force: true });
  return tried;
}

type Scene = { port: number; community: string; good: string; bad: string; kind: Flood['kind'] };

async function measure(scene: Scene, last: () => Promise<number>) {
  const socket = await logIn(scene.port, scene.good);
  const publish = publisher(socket, scene);
  // Warm on both sides.
  await publish(PACKS);
  const calm = waitsOf(await publish(PACKS));
  const { port, community, bad: edge, kind } = scene;
  const flood: Flood = { port, community, edge, secret: SECRET, kind };
  const worker = new Worker(new URL('./flood-worker.ts', import.meta.url), { workerData: flood });
  await pause(LEAD_MS);
  const flooded = waitsOf(await publish(PACKS));
  const after = await last();
  await worker.terminate();
  socket.destroy();
  return { calm, flooded, after };
}

function publisher(socket: Socket, { community, good }: Scene): (count: number) => Promise<number[]> {
  const [epoch, boot] = [randomUUID(), randomUUID()];
  let [seq, bytes] = [0, 0];
  let heard: () => void = () => undefined;
  // PUBACKs only, of four bytes each.
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    heard();
  });
  return async (count) => {
    const waits: number[] = [];
    for (let i = 0; i < count; i++) {
      seq += 1;
      const sample = { device: 'm', point: 'activePowerW', timeMs: Date.now(), value: seq, quality: 'good' } as const;
      const payload = encodePack({ edge: good, epoch, seq, boot, samples: [sample], events: [] });
      const head = { cmd: 'publish', qos: 1, messageId: (seq % 60_000) + 1, dup: false, retain: false } as const;
      const sentMs = performance.now();
      socket.write(generate({ ...head, topic: `${community}/${good}/data`, payload }));
      while (bytes < seq * 4) await new Promise<void>((resolve) => (heard = resolve));
      waits.push(performance.now() - sentMs);
      await pause(EVERY_MS);
    }
    return waits;
  };
}

async function logIn(port: number, user: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  const login = { clientId: user, username: user, password: Buffer.from(SECRET), keepalive: 600, clean: true } as const;
  socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, ...login }));
  await once(socket, 'data');
  return socket;
}

function waitsOf(waits: readonly number[]): Waits {
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
