import { createHmac, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenedClock } from '@commonworks/clock';
import { decodePack, type EventRecord, type Sample } from '@commonworks/core';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadEdgeConfig } from '../config/load.ts';
import { putF32, startTestSlave, type TestSlave } from '../modbus/test-slave.ts';
import { openOutbox } from '../outbox/outbox.ts';
import { runAgent } from './agent.ts';

const EDGE = '01900000-0000-7000-8000-000000000001';
const COMMUNITY = '01900000-0000-7000-8000-000000000002';
const BOOT = '01900000-0000-7000-8000-0000000000b0';
const START = Date.UTC(2025, 5, 1, 12);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-'));
  const { publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(folder, 'community.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(folder, 'secret'), 'secret\n');
  writeFileSync(join(folder, 'badge.key'), '07'.repeat(32));
});
afterEach(() => rmSync(folder, { recursive: true }));

const device = (name: string, unit: number) => ({ device: name, title: name, profile: 'eastron-sdm120', unit });

/** A replaying clock that goes through the given instants, and `before` each of them changes the world. */
function steppedClock(instants: readonly number[], before: (index: number) => Promise<void> | void): OpenedClock {
  let nowMs = START;
  return {
    now: () => nowMs,
    status: () => ({ nowMs, speed: 1, mode: 'replaying' }),
    ticks: async function* () {
      for (const [index, instant] of instants.entries()) {
        nowMs = instant;
        await before(index);
        yield instant;
      }
    } as OpenedClock['ticks'],
    close: () => undefined,
  };
}

type Kept = { samples: Sample[]; events: EventRecord[]; seqs: number[] };

async function runFor(config: Record<string, unknown>, clock: OpenedClock): Promise<Kept> {
  const file = join(folder, 'edge.yaml');
  const shared = { community: COMMUNITY, edge: EDGE, name: 'test', secretFile: 'secret', outboxFile: 'outbox.db' };
  // Nobody listens on port 1: the broker is away for the whole run.
  const full = { ...shared, brokerUrl: 'mqtt://127.0.0.1:1', communityKeyFile: 'community.pem', ...config };
  writeFileSync(file, stringify(full));
  const loaded = loadEdgeConfig(file);
  await using outbox = await openOutbox({
    file: loaded.outboxFile,
    edge: EDGE,
    boot: BOOT,
    newEpochs: ['01900000-0000-7000-8000-0000000000e1', '01900000-0000-7000-8000-0000000000e2'],
    bytesMax: 10_000_000,
    ageMaxMs: 10 * 86_400_000,
    nowMs: START,
  });
  const stop = new AbortController();
  const ended = { ...clock, ticks: (periodMs: number) => stopAfter(clock.ticks(periodMs), stop) };
  const log = pino({ level: 'silent' });
  await runAgent({ loaded, outbox, clock: ended, boot: BOOT, version: '0', log, signal: stop.signal });
  const packs = await outbox.call('read', 0, { packs: 10_000, bytes: 100_000_000 });
  const decoded = packs.map(({ body }) => decodePack(body));
  expect(decoded.flatMap(({ rejected }) => rejected)).toEqual([]);
  return {
    samples: decoded.flatMap(({ pack }) => pack.samples),
    events: decoded.flatMap(({ pack }) => pack.events),
    seqs: packs.map((pack) => pack.seq),
  };
}

async function* stopAfter(ticks: AsyncIterableIterator<number>, stop: AbortController) {
  yield* ticks;
  stop.abort();
}

const bus = (name: string, slave: { port: number }, devices: unknown[], kind = 'modbus-rtu-tcp') => ({
  name,
  kind,
  host: '127.0.0.1',
  port: slave.port,
  timeoutMs: 500,
  devices,
});

describe('An agent', () => {
  it('keeps each device’s counters and power at each instant, under its sign and time', async () => {
    await using slave = await startTestSlave('rtu');
    const instants = [0, 1, 2, 3].map((i) => START + i * 900_000);
    const clock = steppedClock(instants, (index) => {
      putF32(slave, 0x48, 100 + index * 0.25);
      putF32(slave, 0x0c, 1000);
    });
    const { samples, events, seqs } = await runFor({ buses: [bus('homes', slave, [device('home-1', 1)])] }, clock);
    const imported = samples.filter((sample) => sample.point === 'importedWh');
    expect(imported.map(({ timeMs, value, quality }) => [timeMs, value, quality])).toEqual(
      instants.map((instant, index) => [instant, 100_000 + index * 250, 'good']),
    );
    expect(new Set(samples.map((sample) => sample.point))).toEqual(
      new Set(['activePowerW', 'importedWh', 'exportedWh']),
    );
    expect(events).toEqual([
      { device: 'home-1', type: 'device', timeMs: START, body: { state: 'online', code: '', reason: '' } },
    ]);
    expect(seqs).toEqual([1, 2, 3, 4]);
  });

  it('goes on reading the others when one device is dead and one bus is away', async () => {
    await using slave = await startTestSlave('rtu');
    answerOnly(slave, [1, 3]);
    const closed = await freePort();
    const instants = [1, 2, 3].map((i) => START + i * 10_000);
    const config = {
      buses: [
        bus('homes', slave, [device('home-1', 1), device('home-2', 2), device('home-3', 3)]),
        bus('roof', { port: closed }, [{ ...device('pv-1', 1), profile: 'sunspec-inverter' }], 'modbus-tcp'),
      ],
    };
    const { samples, events } = await runFor(
      config,
      steppedClock(instants, () => undefined),
    );
    for (const name of ['home-1', 'home-3']) {
      const good = samples.filter((sample) => sample.device === name && sample.quality === 'good');
      expect(new Set(good.map((sample) => sample.timeMs))).toEqual(new Set(instants));
    }
    const lost = samples.filter((sample) => sample.device === 'home-2' || sample.device === 'pv-1');
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.every((sample) => sample.value === null && sample.quality === 'missing')).toBe(true);
    const states = events.map((event) => [event.device, event.body['state'], event.body['code']]);
    expect(states).toContainEqual(['home-2', 'unreachable', 'edge.modbus-timeout']);
    expect(states).toContainEqual(['pv-1', 'unreachable', 'bridge.link-unreachable']);
  });

  it('keeps badge and machine events, and never a UID', async () => {
    const badge = await lineServer((socket) => socket.on('data', () => undefined));
    const cnc = await lineServer((socket) => {
      socket.write("Grbl 1.1f ['$' for help]\r\n");
      socket.on('data', () => socket.write(`<${state}|MPos:0,0,0>\r\n`));
    });
    let state = 'Idle';
    const clock = steppedClock(
      [1, 2, 3].map((i) => START + i * 1000),
      async (index) => {
        // The links are opened in the background: wait until they stand.
        while (badge.sockets.size === 0 || cnc.sockets.size === 0) await new Promise((done) => setImmediate(done));
        if (index === 1) for (const socket of badge.sockets) socket.write('04A1B2C3\r\n');
        state = index === 0 ? 'Idle' : 'Run';
      },
    );
    const config = {
      badgeKeyFile: 'badge.key',
      machines: [{ device: 'cnc-1', title: 'Mill', firmware: 'grbl', link: { host: '127.0.0.1', port: portOf(cnc) } }],
      readers: [
        { device: 'badge-1', title: 'Door', protocol: 'uid-line', link: { host: '127.0.0.1', port: portOf(badge) } },
      ],
    };
    const { events, samples } = await runFor(config, clock);
    const hash = createHmac('sha256', Buffer.alloc(32, 7)).update(Buffer.from('04a1b2c3', 'hex')).digest('hex');
    const badges = events.filter((event) => event.type === 'badge');
    expect(badges).toEqual([
      { device: 'badge-1', type: 'badge', timeMs: START + 2000, body: { badge: hash, reader: 'badge-1' } },
    ]);
    const activities = events.filter((event) => event.type === 'machine').map((event) => event.body['activity']);
    expect(activities.slice(-2)).toEqual(['idle', 'running']);
    const series = samples.filter((sample) => sample.point === 'activity').map((sample) => sample.value);
    expect(series).toEqual(activities);
    for (const server of [badge, cnc]) server.close();
  });
});

function answerOnly(slave: TestSlave, units: readonly number[]): void {
  slave.answer = (request, right, send) => {
    if (units.includes(request.unit)) send(right);
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

type LineServer = { server: Server; sockets: Set<import('node:net').Socket>; close: () => void };

async function lineServer(onConnect: (socket: import('node:net').Socket) => void): Promise<LineServer> {
  const sockets: LineServer['sockets'] = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnect(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { server, sockets, close };
}

function portOf({ server }: LineServer): number {
  return (server.address() as AddressInfo).port;
}
