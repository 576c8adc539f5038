/** The demo's serial lines as serial lines: each behind a pseudo-terminal, read by the real agent through the serialport package. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { decodePack, type EventRecord, type Sample } from '@commonworks/core';
import { openStream } from '@commonworks/firmware-bridge';
import { badgeHash } from '@commonworks/firmware-bridge/badge/hash.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEMO_WIRES } from '../demo/site/demo-config.ts';
import { type DemoEdge, edgeFile } from '../demo/site/edge-files.ts';
import { createFaults } from '../demo/wire/faults.ts';
import { type DemoPorts, openWires, oracle, type Wires } from '../demo/wires.ts';
import { createWorld, type World } from '../demo/world/world.ts';
import { eventually } from './edge-peers/mosquitto.ts';
import { type PeerProcess, startPeer } from './peers/process.ts';

const MAIN = fileURLToPath(new URL('../edge/main.ts', import.meta.url));
const NOON = Date.UTC(2026, 9, 20, 10);
const ID = '01900000-0000-7000-8000-000000000001';
const BADGE_KEY = '42'.repeat(32);
const CARD = 'F710E528';
/** Everything of the demo that hangs on a serial line in a cellar; inverter and battery have Ethernet. */
const SERIAL = ['homesLine', 'workshopLine', 'p1', 'cnc', 'badge'] as const;

let folder = '';
let world: World;
let wires: Wires;
const peers: PeerProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'demo-serial-'));
  mkdirSync(join(folder, 'keys'));
  mkdirSync(join(folder, 'edges'));
  world = createWorld({ seed: 11, startMs: NOON - 86_400_000, zone: 'Europe/Vienna' });
  world.advanceTo(NOON);
  const [ports, never] = [Object.fromEntries(DEMO_WIRES.map((wire) => [wire, 0])) as DemoPorts, () => {}];
  const options = { host: '127.0.0.1', ports, seed: 11, faults: createFaults(), sync: never, onControl: never };
  wires = await openWires(world, options);
  for (const wire of SERIAL) {
    const pty = `pty,raw,echo=0,link=${join(folder, wire)}`;
    const args = ['-d', '-d', pty, `tcp:127.0.0.1:${wires.ports[wire]}`];
    peers.push(await startPeer('/usr/bin/socat', args, { ready: /(starting data transfer loop)/, package: 'socat' }));
  }
});
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.stop();
  wires.close();
  rmSync(folder, { recursive: true, force: true });
});

type Place = { host?: string; port?: number; [key: string]: unknown };

/** The same, at a serial port instead of the TCP port before it. */
function onSerialPort(place: Place): Place {
  const { host: _, port, ...rest } = place;
  const wire = SERIAL.find((name) => wires.ports[name] === port);
  return wire === undefined ? place : { ...rest, path: join(folder, wire), baudRate: 115_200 };
}

/** The demo's own configuration of an agent, its serial lines on serial ports, every device each second. */
function writeConfig(edge: DemoEdge['name']): string {
  const config = { ports: { ...wires.ports, clock: 0 }, cards: {} };
  const brokerUrl = 'mqtt://127.0.0.1:9';
  const made = edgeFile({ edge: { name: edge, id: ID }, community: ID, brokerUrl, config }) as Record<string, Place[]>;
  const linked = (items: Place[] = []) => items.map((item) => ({ ...item, link: onSerialPort(item['link'] as Place) }));
  const buses = (made['buses'] ?? [])
    .map((bus) => ({ ...bus, devices: (bus['devices'] as Place[]).map((one) => ({ ...one, periodMs: 1000 })) }))
    .map((bus: Place) => (bus['kind'] === 'modbus-rtu-tcp' ? { ...onSerialPort(bus), kind: 'modbus-rtu' } : bus));
  const { communityKeyFile: _, ...rest } = made;
  const lines = { p1: linked(made['p1']), machines: linked(made['machines']), readers: linked(made['readers']) };
  const file = join(folder, 'edges', `${edge}.yaml`);
  // YAML is a superset of JSON.
  writeFileSync(file, JSON.stringify({ ...rest, buses, ...lines }));
  writeFileSync(join(folder, 'edges', `${edge}.secret`), 'any');
  writeFileSync(join(folder, 'keys', 'badge.key'), BADGE_KEY);
  return file;
}

/** What the agent has kept so far; no broker is there to take it. */
function kept(edge: DemoEdge['name']): { samples: Sample[]; events: EventRecord[] } {
  const file = join(folder, 'edges', `${edge}.outbox.db`);
  if (!existsSync(file)) return { samples: [], events: [] };
  using db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  const isMade = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'pack'").get() !== undefined;
  if (!isMade) return { samples: [], events: [] };
  const packs = db
    .prepare('SELECT body FROM pack')
    .all()
    .map((row) => decodePack(String(row['body'])).pack);
  return { samples: packs.flatMap((pack) => pack.samples), events: packs.flatMap((pack) => pack.events) };
}

async function whileAgentRuns(edge: DemoEdge['name'], work: () => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [MAIN, '--config', writeConfig(edge)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const pushing = setInterval(() => {
    wires.pushTelegram();
    wires.showBadge(CARD);
  }, 500);
  try {
    await work();
  } finally {
    clearInterval(pushing);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  }
}

/** Every register the line shows, to the milliwatt-hour. */
async function seesRegisters(edge: DemoEdge['name'], devices: readonly string[]): Promise<void> {
  const truth = oracle(world);
  for (const device of devices) {
    const value = await eventually(`a reading of ${device}`, () => {
      const good = kept(edge).samples.filter((one) => one.device === device && one.quality === 'good');
      return good.find(({ point }) => point === 'importedWh')?.value ?? undefined;
    });
    expect(Math.round(Number(value) * 1000), device).toBe(truth[device]?.importedMwh);
  }
}

it('gives every household’s meter and the P1 port to the agent', { timeout: 60_000 }, async () => {
  const homes = Array.from({ length: 9 }, (_, i) => `home-${i + 1}`);
  await whileAgentRuns('roof', () => seesRegisters('roof', ['grid-1', ...homes]));
});

it('gives the workshop’s meters, the mill’s controller and the badge reader to the agent', {
  timeout: 60_000,
}, async () => {
  await whileAgentRuns('workshop', async () => {
    await seesRegisters('workshop', ['laser-1', 'cnc-1-meter', 'boiler-1-meter']);
    const activity = await eventually('the mill', () =>
      kept('workshop').samples.find(({ device, point }) => device === 'cnc-1' && point === 'activity'),
    );
    expect(activity.value).toBe(world.machine('cnc-1').phase === null ? 'idle' : 'running');
    const shown = await eventually('the badge', () => kept('workshop').events.find(({ type }) => type === 'badge'));
    expect(shown.body['badge']).toBe(badgeHash(CARD, Buffer.from(BADGE_KEY, 'hex')));
  });
});

it('lets go of a serial port that it gave up', { timeout: 120_000 }, async () => {
  const link = { path: join(folder, 'homesLine'), baudRate: 115_200 };
  for (let time = 0; time < 2; time++) {
    const stream = await openStream(link, { signal: AbortSignal.timeout(5000) });
    const closed = once(stream, 'close');
    stream.destroy();
    await closed;
  }
});
