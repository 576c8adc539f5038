/** `edge test` and the agent against the demo's own wires: who a device is, and a meter that shows no energy. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodePack, type EventRecord } from '@commonworks/core';
import { createFaults } from '@commonworks/demo/wire/faults.ts';
import { crcText, P1_SERIAL } from '@commonworks/demo/wire/p1-telegram.ts';
import { sdmSerial } from '@commonworks/demo/wire/sdm.ts';
import { openWires } from '@commonworks/demo/wires.ts';
import { createWorld } from '@commonworks/demo/world/world.ts';
import { describe, expect, it } from 'vitest';
import { eventually, freePort, listenWithMosquitto, startMosquitto } from './edge-peers/mosquitto.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMMUNITY = '01900000-0000-7000-8000-000000000002';
const EDGE = '01900000-0000-7000-8000-000000000001';
const PATIENCE_MS = 60_000;

/** One test's folder and what it opened; the tests run beside each other, since most of their time is waiting. */
type Bench = AsyncDisposable & { readonly folder: string; readonly opened: (() => unknown)[] };

function openBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'edge-meter-'));
  const opened: (() => unknown)[] = [];
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end();
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, opened, [Symbol.asyncDispose]: close };
}

function writeConfig({ folder }: Bench, config: object): string {
  const ids = { community: COMMUNITY, edge: EDGE, name: 'test', secretFile: 'secret', outboxFile: 'outbox.db' };
  writeFileSync(join(folder, 'secret'), 'any');
  writeFileSync(join(folder, 'edge.yaml'), JSON.stringify({ brokerUrl: 'mqtt://127.0.0.1:1', ...ids, ...config }));
  return join(folder, 'edge.yaml');
}

/** A P1 port that repeats these lines each second. */
async function meterSaying({ opened }: Bench, lines: readonly string[]): Promise<object> {
  const body = `/ISK5\\2M550T-1012\r\n\r\n${lines.map((line) => `${line}\r\n`).join('')}!`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const timer = setInterval(() => socket.write(`${body}${crcText(body)}\r\n`), 1000);
    socket.on('close', () => clearInterval(timer));
    opened.push(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(() => server.close());
  const link = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  return { p1: [{ device: 'home-9', title: 'Home 9', link }] };
}

async function edgeTest(bench: Bench, config: object) {
  const args = ['cli/main.ts', 'edge', 'test', '--config', writeConfig(bench, config)];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk);
  });
  const [code] = await once(child, 'exit');
  return { code, text };
}

describe.concurrent('edge test', () => {
  it.each([
    ['without one value', ['0-0:96.14.0(0002)'], 'seen 0-0:96.14.0; expected 1-0:1.8.0'],
    ['in the D0 form', ['1.8.0(00012345.678*kWh)', '2.8.0(1*kWh)'], 'seen 1.8.0, 2.8.0; expected'],
    [
      'of another channel',
      ['1-1:1.8.0*255(00012345.678*kWh)', '1-0:1.7.0(1*kW)'],
      'seen 1-1:1.8.0*255, 1-0:1.7.0; expected',
    ],
  ])('fails for a telegram %s, and says what came', async (_name, lines, words) => {
    await using bench = openBench();
    const { code, text } = await edgeTest(bench, await meterSaying(bench, lines));
    expect([code, text]).toEqual([1, expect.stringContaining(words)]);
    expect(text).toContain('FAILS, edge.no-energy-register');
  });

  it('reads codes that are written with their default group', async () => {
    await using bench = openBench();
    const { code, text } = await edgeTest(bench, await meterSaying(bench, ['1-0:1.8.0*255(00012345.678*kWh)']));
    expect([code, text]).toEqual([0, expect.stringContaining('12345678 Wh')]);
  });
});

describe.concurrent('An agent', () => {
  const start = async (bench: Bench, config: object) => {
    const { folder, opened } = bench;
    const port = await freePort();
    const mosquitto = await startMosquitto(folder, port);
    opened.push(() => mosquitto.stop());
    const witness = await listenWithMosquitto(port, `${COMMUNITY}/${EDGE}/data`);
    opened.push(() => witness.stop());
    const file = writeConfig(bench, { ...config, brokerUrl: `mqtt://127.0.0.1:${port}` });
    const agent = spawn(process.execPath, [join(ROOT, 'edge/main.ts'), '--config', file], { stdio: 'ignore' });
    opened.push(async () => {
      const exited = once(agent, 'exit');
      agent.kill('SIGKILL');
      await exited;
    });
    return (): EventRecord[] => witness.heard.flatMap(({ payload }) => decodePack(payload).pack.events);
  };

  it('says of each device which one it is', async () => {
    await using bench = openBench();
    const world = createWorld({ seed: 1, startMs: Date.now(), zone: 'Europe/Vienna' });
    const none = { pv: 0, battery: 0, homesLine: 0, workshopLine: 0, p1: 0, cnc: 0, badge: 0, clock: 0 };
    const wires = await openWires(world, {
      ...{ host: '127.0.0.1', ports: none, seed: 1, faults: createFaults() },
      ...{ sync: () => undefined, onControl: () => undefined },
    });
    const push = setInterval(() => wires.pushTelegram(), 1000);
    bench.opened.push(wires.close, () => clearInterval(push));
    const { pv, homesLine, p1 } = wires.ports;
    const device = (name: string, profile: string, unit: number) => ({ device: name, title: name, profile, unit });
    const shared = { host: '127.0.0.1', periodMs: undefined };
    const events = await start(bench, {
      buses: [
        { name: 'roof', kind: 'modbus-tcp', ...shared, port: pv, devices: [device('pv-1', 'sunspec-inverter', 1)] },
        {
          name: 'homes',
          kind: 'modbus-rtu-tcp',
          ...shared,
          port: homesLine,
          devices: [device('grid-1', 'eastron-sdm630', 1)],
        },
      ],
      p1: [{ device: 'home-9', title: 'Home 9', link: { host: '127.0.0.1', port: p1 }, zone: 'Europe/Vienna' }],
    });
    const identities = () =>
      new Map(events().flatMap((one) => (one.type === 'identity' ? [[one.device, one.body]] : [])));
    await eventually('three identities', () => identities().size === 3, PATIENCE_MS);
    expect(Object.fromEntries(identities())).toEqual({
      'pv-1': { serial: 'SIM-PV-0001', manufacturer: 'Sonnenhof Demo', model: 'Roof 60', firmware: '1.0.0' },
      'grid-1': { serial: String(sdmSerial('grid-1')), manufacturer: 'Eastron' },
      'home-9': { serial: P1_SERIAL, manufacturer: 'SON', model: 'DEMO-METER' },
    });
  });

  it('says of a meter without an energy register, after a minute, that it is misconfigured', async () => {
    await using bench = openBench();
    const events = await start(bench, await meterSaying(bench, ['1-1:1.8.0*255(00012345.678*kWh)']));
    const last = () => events().findLast(({ type }) => type === 'device')?.body;
    await eventually('the event', () => last()?.['state'] === 'misconfigured', 2 * PATIENCE_MS);
    expect(last()).toMatchObject({
      code: 'edge.no-energy-register',
      reason: expect.stringContaining('seen 1-1:1.8.0*255; expected 1-0:1.8.0'),
    });
  });
});
