/** Our readers against other implementations: libmodbus over TCP, over RTU in TCP and on a serial port, and pymodbus. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBus } from '@commonworks/edge/bus/bus.ts';
import { createPowerLimit } from '@commonworks/edge/command/power-limit.ts';
import { createRelay } from '@commonworks/edge/command/relay.ts';
import type { BusConfig } from '@commonworks/edge/config/schema.ts';
import { loadProfile } from '@commonworks/edge/profile/load.ts';
import type { Profile } from '@commonworks/edge/profile/schema.ts';
import { createDeviceReader } from '@commonworks/edge/read/device-reader.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileSlave } from './edge-peers/compile-slave.ts';
import { type PeerProcess, startPeer } from './peers/process.ts';

const SOCAT = '/usr/bin/socat';
const folder = mkdtempSync(join(tmpdir(), 'modbus-peers-'));
const peers: PeerProcess[] = [];
const stop = new AbortController();
let slave = '';

beforeAll(() => {
  slave = compileSlave(folder);
});
afterAll(async () => {
  stop.abort();
  for (const peer of peers.reverse()) await peer.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(program: string, args: readonly string[], ready: RegExp, name: string): Promise<PeerProcess> {
  const peer = await startPeer(program, args, { ready, package: name });
  peers.push(peer);
  return peer;
}

/** A pair of pseudo-terminals: what is written to one comes out of the other. */
async function ptyPair(name: string): Promise<[string, string]> {
  const ends: [string, string] = [join(folder, `${name}-a`), join(folder, `${name}-b`)];
  const pty = (path: string) => `pty,raw,echo=0,link=${path}`;
  await start(SOCAT, ['-d', '-d', pty(ends[0]), pty(ends[1])], /starting data transfer loop/, 'socat');
  return ends;
}

type Wire = { kind: 'modbus-tcp' | 'modbus-rtu-tcp'; port: number } | { kind: 'modbus-rtu'; path: string };

function busOn(wire: Wire, profile: string) {
  const devices = [{ device: 'peer-1', title: 'peer', profile, unit: 1 }];
  const address =
    wire.kind === 'modbus-rtu' ? { path: wire.path, baudRate: 115_200 } : { host: '127.0.0.1', port: wire.port };
  return createBus({ name: 'peer', kind: wire.kind, ...address, devices } as BusConfig, stop.signal);
}

function modbusProfile(name: string): Exclude<Profile, { kind: 'p1' }> {
  const profile = loadProfile(name);
  if (profile.kind === 'p1') throw new Error('not a Modbus profile');
  return profile;
}

/** Reads a meter's map and switches a coil. */
async function exercise(wire: Wire): Promise<void> {
  const bus = busOn(wire, 'eastron-sdm120');
  const reader = createDeviceReader(modbusProfile('eastron-sdm120'), 1);
  for (let round = 0; round < 20; round++) {
    const readings = await bus.exchange(1, reader.read);
    expect(readings.get('importedWh')).toEqual({ value: 1_234_500, quality: 'good' });
    expect(readings.get('activePowerW')).toEqual({ value: 750, quality: 'good' });
  }
  const relay = createRelay({ bus, unit: 1, coil: 0 });
  await relay.set(1);
  expect(await relay.observe()).toBe(1);
  await relay.release();
  expect(await relay.observe()).toBe(0);
  await expect(
    bus.exchange(1, (client) => client.readRegisters(1, 'input', { address: 600, count: 1 })),
  ).rejects.toMatchObject({
    code: 'edge.modbus-exception',
    detail: { exception: 2 },
  });
  bus.close();
}

describe('The edge reads and switches a libmodbus slave', () => {
  it('over Modbus TCP', async () => {
    const { found } = await start(slave, ['tcp'], /ready (\d+)/, 'libmodbus-dev');
    await exercise({ kind: 'modbus-tcp', port: Number(found) });
  });

  it('over RTU on a serial port', async () => {
    const [ours, theirs] = await ptyPair('serial');
    await start(slave, ['rtu', theirs], /ready (\d+)/, 'libmodbus-dev');
    await exercise({ kind: 'modbus-rtu', path: ours });
  });

  it('over RTU inside TCP, as serial device servers do', async () => {
    const [converter, theirs] = await ptyPair('converter');
    await start(slave, ['rtu', theirs], /ready (\d+)/, 'libmodbus-dev');
    const listen = 'tcp-listen:0,bind=127.0.0.1,reuseaddr,nodelay';
    const { found } = await start(
      SOCAT,
      ['-d', '-d', listen, `${converter},raw,echo=0`],
      /listening on .*:(\d+)/,
      'socat',
    );
    await exercise({ kind: 'modbus-rtu-tcp', port: Number(found) });
  });
});

describe('The edge reads and limits a SunSpec inverter', () => {
  it('served by pymodbus', async () => {
    const script = fileURLToPath(new URL('edge-peers/pymodbus-slave.py', import.meta.url));
    const { found } = await start('/usr/bin/python3', [script], /ready (\d+)/, 'python3-pymodbus');
    const profile = modbusProfile('sunspec-inverter');
    const bus = busOn({ kind: 'modbus-tcp', port: Number(found) }, 'sunspec-inverter');
    const reader = createDeviceReader(profile, 1);
    const readings = await bus.exchange(1, reader.read);
    expect(readings.get('activePowerW')).toEqual({ value: -543.2, quality: 'good' });
    expect(readings.get('exportedWh')).toEqual({ value: 65_536, quality: 'good' });
    expect(readings.get('activePowerLimitPct')).toEqual({ value: 100, quality: 'good' });
    const control = profile.controls?.powerLimit;
    if (control === undefined) throw new Error('the profile has a power limit');
    const limit = createPowerLimit({ bus, unit: 1, reader, control });
    await limit.set(37.5);
    expect(await limit.observe()).toBe(37.5);
    await limit.release();
    expect(await limit.observe()).toBe(100);
    bus.close();
  });
});
