/** The edge behind a real mosquitto, whose acknowledgement promises nothing: only the log's mark trims the outbox. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodePack, devicesTopic, type EdgeStatus, edgeTopic, type MarkMessage } from '@commonworks/core';
import { type Outbox, openOutbox } from '@commonworks/edge/outbox/outbox.ts';
import { type PublisherOptions, startPublisher } from '@commonworks/edge/publish/publisher.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compileSlave } from './edge-peers/compile-slave.ts';
import {
  eventually,
  freePort,
  type Heard,
  listenWithMosquitto,
  publishWithMosquitto,
  startMosquitto,
  type Witness,
} from './edge-peers/mosquitto.ts';
import { type PeerProcess, startPeer } from './peers/process.ts';

const EDGE = '01900000-0000-7000-8000-000000000001';
const COMMUNITY = '01900000-0000-7000-8000-000000000002';
const EPOCH = '01900000-0000-7000-8000-0000000000e1';
const DATA = edgeTopic(COMMUNITY, EDGE, 'data');
const STATUS = edgeTopic(COMMUNITY, EDGE, 'status');
const MARK = edgeTopic(COMMUNITY, EDGE, 'mark');
const MAIN = fileURLToPath(new URL('../edge/main.ts', import.meta.url));

let folder = '';
let port = 0;
let broker: PeerProcess | undefined;
let witness: Witness | undefined;
const heard = () => witness?.heard ?? [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edge-mosquitto-'));
  port = await freePort();
  broker = await startMosquitto(folder, port);
  witness = await listenWithMosquitto(port, `${COMMUNITY}/#`);
});
afterEach(async () => {
  witness?.stop();
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const packsIn = (messages: readonly Heard[]) =>
  messages.filter(({ topic }) => topic === DATA).map(({ payload }) => ({ payload, pack: decodePack(payload).pack }));
const lastStatus = () => {
  const message = heard().findLast(({ topic }) => topic === STATUS);
  return message === undefined ? undefined : (JSON.parse(message.payload) as EdgeStatus);
};

describe('A publisher behind mosquitto', () => {
  const openTestOutbox = () =>
    openOutbox({
      file: join(folder, 'outbox.db'),
      edge: EDGE,
      boot: EPOCH,
      newEpochs: [EPOCH, '01900000-0000-7000-8000-0000000000e2'],
      bytesMax: 50_000_000,
      ageMaxMs: 1e12,
      nowMs: Date.now(),
    });
  const append = (outbox: Outbox, count: number) => {
    const drafts = Array.from({ length: count }, (_, i) => ({
      samples: [
        { device: 'home-1', point: 'importedWh' as const, timeMs: Date.now() + i, value: i, quality: 'good' as const },
      ],
      events: [],
    }));
    return outbox.call('append', drafts, Date.now());
  };
  const publish = (outbox: Outbox, signal: AbortSignal, more: Partial<PublisherOptions> = {}) =>
    startPublisher({
      url: `mqtt://127.0.0.1:${port}`,
      community: COMMUNITY,
      edge: EDGE,
      secret: 'any',
      outbox,
      status: (state) => ({
        state,
        sinceMs: 0,
        boot: EPOCH,
        version: '0',
        backlog: outbox.backlog().packs,
      }),
      devices: [],
      onCommand: () => undefined,
      onOldCopy: () => undefined,
      onState: () => undefined,
      signal,
      ...more,
    });

  it('sends in sequence and keeps everything until a mark comes', async () => {
    const stop = new AbortController();
    await using outbox = await openTestOutbox();
    await append(outbox, 500);
    const publisher = publish(outbox, stop.signal);
    await eventually('500 packs', () => packsIn(heard()).length >= 500);
    expect(packsIn(heard()).map(({ pack }) => pack.seq)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    expect(outbox.backlog().packs).toBe(500);
    await publishWithMosquitto(port, { topic: MARK, payload: JSON.stringify({ epoch: EPOCH, seq: 480 }) });
    await eventually('the trim', () => outbox.backlog().packs === 20);
    await publishWithMosquitto(port, { topic: MARK, payload: 'nonsense' });
    await append(outbox, 1);
    await eventually('the next pack', () => packsIn(heard()).length >= 501);
    stop.abort();
    await publisher.done;
    expect(lastStatus()?.state).toBe('offline');
  });

  it('sends again, byte for byte, what a log lost that has fallen back, and what it wants', async () => {
    const stop = new AbortController();
    await using outbox = await openTestOutbox();
    await append(outbox, 100);
    const news: string[] = [];
    const publisher = publish(outbox, stop.signal, { onLogNews: ({ code }) => news.push(code) });
    await eventually('100 packs', () => packsIn(heard()).length >= 100);
    const bodies = packsIn(heard()).map(({ payload }) => payload);
    const mark = (seq: number, more: Partial<MarkMessage> = {}) => {
      const payload = JSON.stringify({ epoch: EPOCH, seq, log: 'log-1', generation: 1, ...more } satisfies MarkMessage);
      return publishWithMosquitto(port, { topic: MARK, payload });
    };
    await mark(100);
    await eventually('all held', () => outbox.backlog().packs === 0);
    expect(outbox.held()).toEqual({ log: 'log-1', generation: 1, epoch: EPOCH, seq: 100 });
    const wanted = [{ epoch: EPOCH, fromSeq: 11, toSeq: 30 }];
    for (let i = 0; i < 3; i++) await mark(100, { wanted });
    await mark(90, { generation: 2 });
    await eventually('30 packs again', () => packsIn(heard()).length >= 130);
    await append(outbox, 1);
    await eventually('a new one', () => packsIn(heard()).some(({ pack }) => pack.seq === 101));
    expect(
      packsIn(heard())
        .slice(100, 130)
        .map(({ payload }) => payload),
    ).toEqual([...bodies.slice(10, 30), ...bodies.slice(90)]);
    expect(packsIn(heard())).toHaveLength(131);
    expect(news).toEqual(['edge.log-fell-back']);
    stop.abort();
    await publisher.done;
  });

  it('sends again, byte for byte, when no mark comes, and after the broker was away', async () => {
    const stop = new AbortController();
    await using outbox = await openTestOutbox();
    await append(outbox, 20);
    const publisher = publish(outbox, stop.signal, { resendMs: 100 });
    await eventually('a second sending', () => packsIn(heard()).length >= 40);
    const bodies = new Map<number, Set<string>>();
    for (const { pack, payload } of packsIn(heard())) {
      bodies.set(pack.seq, (bodies.get(pack.seq) ?? new Set()).add(payload));
    }
    expect([...bodies.values()].every((texts) => texts.size === 1)).toBe(true);
    await broker?.stop('SIGKILL');
    witness?.stop();
    await append(outbox, 5);
    broker = await startMosquitto(folder, port);
    witness = await listenWithMosquitto(port, `${COMMUNITY}/#`);
    await eventually('all 25 packs', () => new Set(packsIn(heard()).map(({ pack }) => pack.seq)).size === 25);
    stop.abort();
    await publisher.done;
  });
});

describe('An edge process behind mosquitto', () => {
  let slave: PeerProcess;
  let slavePort = 0;
  const programs = mkdtempSync(join(tmpdir(), 'edge-slave-'));
  beforeAll(async () => {
    slave = await startPeer(compileSlave(programs), ['tcp'], { ready: /ready (\d+)/, package: 'libmodbus-dev' });
    slavePort = Number(slave.found);
  });
  afterAll(async () => {
    await slave.stop();
    rmSync(programs, { recursive: true, force: true });
  });

  const start = (changes: Record<string, unknown> = {}) => {
    const file = join(folder, 'edge.yaml');
    const device = { device: 'home-1', title: 'Home 1', profile: 'eastron-sdm120', unit: 1, periodMs: 1000 };
    const bus = { name: 'homes', kind: 'modbus-tcp', host: '127.0.0.1', port: slavePort, devices: [device] };
    const brokerUrl = `mqtt://127.0.0.1:${port}`;
    const base = { community: COMMUNITY, edge: EDGE, name: 'test', brokerUrl, secretFile: 'secret' };
    writeFileSync(join(folder, 'secret'), 'any');
    // YAML is a superset of JSON.
    writeFileSync(file, JSON.stringify({ ...base, outboxFile: 'outbox.db', buses: [bus], ...changes }));
    const child = spawn(process.execPath, [MAIN, '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
    return { child, output: collect(child) };
  };

  it('reads, publishes, dies with its will, and goes on where it was', async () => {
    const first = start();
    await eventually('two packs', () => packsIn(heard()).length >= 2);
    expect(lastStatus()).toMatchObject({ state: 'online' });
    const list = heard().find(({ topic }) => topic === devicesTopic(COMMUNITY, EDGE, 0));
    expect(list?.payload).toContain('"device":"home-1","profile":"eastron-sdm120"');
    const live = heard().find(({ topic }) => topic === edgeTopic(COMMUNITY, EDGE, 'live'));
    expect(live?.payload).toContain('"importedWh":{"value":1234500,"quality":"good"}');
    first.child.kill('SIGKILL');
    await eventually('the will', () => lastStatus()?.state === 'offline');
    const sentBefore = packsIn(heard()).length;
    const { epoch } = packsIn(heard())[0]?.pack ?? { epoch: '' };
    const second = start();
    await eventually('two more packs', () => packsIn(heard()).length >= sentBefore * 2 + 2);
    const seqs = new Set(packsIn(heard()).map(({ pack }) => pack.seq));
    expect([...seqs].sort((a, b) => a - b)).toEqual(Array.from({ length: seqs.size }, (_, i) => i + 1));
    const mark = (seq: number, generation: number) =>
      publishWithMosquitto(port, { topic: MARK, payload: JSON.stringify({ epoch, seq, log: 'log-1', generation }) });
    await mark(2, 1);
    await mark(1, 2);
    await eventually('word of the log', () => second.output().includes('edge.log-fell-back'));
    second.child.kill('SIGTERM');
    const [code] = await once(second.child, 'exit');
    expect(code).toBe(0);
    const third = start();
    await eventually('the newest mark', () => lastStatus()?.held !== undefined);
    expect(lastStatus()?.held).toEqual({ log: 'log-1', generation: 2, epoch, seq: 1 });
    third.child.kill('SIGTERM');
    await once(third.child, 'exit');
    await eventually('the farewell', () => lastStatus()?.state === 'offline');
  });

  it('refuses a wrong configuration with a code and every fault', async () => {
    const { child, output } = start({ name: '', colour: 'red' });
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    expect(output()).toContain('edge.config-invalid');
    expect(output()).toContain('/colour');
    expect(output()).toContain('/name');
  });
});

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += String(chunk);
  });
  return () => text;
}
