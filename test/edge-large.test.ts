/** An agent of a thousand devices: it connects to our broker and to mosquitto, and the community knows every device. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { devicesTopic, type EdgeStatus, edgeTopic, MESSAGE_LIMITS } from '@commonworks/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBrokerLink } from '../community/live/broker-link.ts';
import { createLiveValues } from '../community/live/live-values.ts';
import { SECRET, SERVICE_TOKEN, startBroker } from './broker/broker-under-test.ts';
import { RawMqtt } from './broker/raw-mqtt.ts';
import { eventually, freePort, startMosquitto } from './edge-peers/mosquitto.ts';
import { newBrokerSite, putAccess, startBrokerProcess } from './peers/broker-process.ts';

const MAIN = fileURLToPath(new URL('../edge/main.ts', import.meta.url));
const DEVICES = 1000;
const BUSES = 5;
const PATIENCE_MS = 60_000;
/** A reconnecting agent rests up to half a minute. */
const RETURN_MS = 90_000;

let folder = '';
let agent: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edge-large-'));
});
afterEach(async () => {
  if (agent !== undefined && agent.exitCode === null && agent.signalCode === null) {
    agent.kill('SIGKILL');
    await once(agent, 'exit');
  }
  agent = undefined;
  rmSync(folder, { recursive: true, force: true });
});

type At = { readonly community: string; readonly edge: string; readonly brokerUrl: string };

/** The buses are away: what is on the wire does not matter to what the agent has to announce. */
async function startAgent(at: At, count = DEVICES, secret = SECRET): Promise<() => string> {
  const port = await freePort();
  const buses = Array.from({ length: BUSES }, (_, bus) => ({
    ...{ name: `line-${bus}`, kind: 'modbus-tcp', host: '127.0.0.1', port },
    devices: Array.from({ length: count / BUSES }, (_, n) => ({
      ...{ device: `home-${bus}-${n}`, title: `Haus ${n} an der Linie ${bus}, Zähler im Keller` },
      ...{ profile: 'eastron-sdm630', unit: n + 1 },
    })),
  }));
  const file = join(folder, 'edge.yaml');
  writeFileSync(join(folder, 'secret'), secret);
  writeFileSync(file, JSON.stringify({ ...at, name: 'large', secretFile: 'secret', outboxFile: 'outbox.db', buses }));
  agent = spawn(process.execPath, [MAIN, '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  agent.stdout?.on('data', (chunk: Buffer) => {
    text += String(chunk);
  });
  return () => text;
}

/** The community's own side of the broker. */
function openCommunitySide({ community, brokerUrl }: Omit<At, 'edge'>, token = SERVICE_TOKEN) {
  const live = createLiveValues();
  const link = openBrokerLink({
    ...{ url: brokerUrl, community, token, clientId: 'service-test', live },
    ...{ onValues: () => undefined, onStatus: () => undefined, onConnection: () => undefined },
  });
  return { live, [Symbol.asyncDispose]: () => link.close() };
}

describe('An agent of a thousand devices', () => {
  it('connects to our broker, and the community knows every device', async () => {
    await using broker = await startBroker();
    const at = {
      community: broker.community,
      edge: broker.edge,
      brokerUrl: `mqtt://127.0.0.1:${broker.addresses.mqttPort}`,
    };
    await using side = openCommunitySide(at);
    await startAgent(at);
    await eventually('all devices', () => side.live.known().length === DEVICES, PATIENCE_MS);
    expect(side.live.status(at.edge)?.state).toBe('online');
    expect(side.live.announced(at.edge, 'home-4-199')).toMatchObject({ profile: 'eastron-sdm630', periodMs: 10_000 });
    agent?.kill('SIGKILL');
    await eventually('the will', () => side.live.status(at.edge)?.state === 'offline', PATIENCE_MS);
    expect(side.live.known()).toHaveLength(DEVICES);
  });

  it('connects to mosquitto, and the community knows every device', async () => {
    const port = await freePort();
    const mosquitto = await startMosquitto(folder, port);
    try {
      const at = {
        community: '01900000-0000-7000-8000-000000000002',
        edge: '01900000-0000-7000-8000-000000000001',
        brokerUrl: `mqtt://127.0.0.1:${port}`,
      };
      await using side = openCommunitySide(at);
      await startAgent(at);
      await eventually('all devices', () => side.live.known().length === DEVICES, PATIENCE_MS);
      agent?.kill('SIGKILL');
      await eventually('the will', () => side.live.status(at.edge)?.state === 'offline', PATIENCE_MS);
      // Started with fewer: the pages of the longer list still lie there, and do not count.
      await startAgent(at, 10);
      await eventually('the shorter list', () => side.live.known().length === 10, PATIENCE_MS);
      await using late = openCommunitySide(at);
      await eventually('the shorter list, for who comes later', () => late.live.known().length === 10, PATIENCE_MS);
    } finally {
      await mosquitto.stop();
    }
  });

  it('is still known, offline, after the broker was restarted without it', async () => {
    using site = newBrokerSite();
    const community = site.config.community.id;
    const edge = '01900000-0000-7000-8000-000000000001';
    const { document } = await startBroker().then(async (other) => {
      await other[Symbol.asyncDispose]();
      return other;
    });
    const principals = document.principals.slice(0, 1).map((principal) => ({ ...principal, user: edge }));
    const first = await startBrokerProcess(site);
    await putAccess(site, first, { version: 1, community, principals });
    const at = { community, edge, brokerUrl: `mqtt://127.0.0.1:${first.mqttPort}` };
    {
      await using side = openCommunitySide(at, site.token);
      await startAgent(at);
      await eventually('all devices', () => side.live.known().length === DEVICES, PATIENCE_MS);
    }
    agent?.kill('SIGKILL');
    await first.stop();
    const second = await startBrokerProcess(site);
    try {
      await using side = openCommunitySide({ community, brokerUrl: `mqtt://127.0.0.1:${second.mqttPort}` }, site.token);
      await eventually('all devices', () => side.live.known().length === DEVICES, RETURN_MS);
      expect(side.live.status(edge)?.state).toBe('offline');
    } finally {
      await second.stop();
    }
  });
});

describe('A status of an agent of an earlier version', () => {
  it('with the devices inside is still understood', async () => {
    await using broker = await startBroker();
    const brokerUrl = `mqtt://127.0.0.1:${broker.addresses.mqttPort}`;
    await using side = openCommunitySide({ community: broker.community, brokerUrl });
    const login = { clientId: broker.edge, username: broker.edge, password: Buffer.from(SECRET) };
    const old = await RawMqtt.login(broker.addresses.mqttPort, login);
    const described = { profile: 'p', title: 't', points: [], commands: [], periodMs: 1000 };
    const status: EdgeStatus = {
      ...{ state: 'online', sinceMs: 1, boot: 'b', version: '0', backlog: 0 },
      devices: [{ device: 'old-1', ...described }],
    };
    const message = { topic: edgeTopic(broker.community, broker.edge, 'status'), payload: JSON.stringify(status) };
    old.send({ cmd: 'publish', qos: 1, dup: false, retain: true, messageId: 1, ...message });
    await eventually('its device', () => side.live.announced(broker.edge, 'old-1'));
  });
});

describe('A page of a device list', () => {
  it.each([
    [
      'larger than a page may be',
      (page: object) => JSON.stringify({ ...page, pad: ' '.repeat(MESSAGE_LIMITS.devicesPageBytes) }),
    ],
    ['of another number than its topic', (page: object) => JSON.stringify({ ...page, page: 3, pages: 9 })],
    ['that is none', () => '[]'],
  ])('%s is forwarded to nobody', async (_name, payloadOf) => {
    await using broker = await startBroker();
    await using side = openCommunitySide({
      community: broker.community,
      brokerUrl: `mqtt://127.0.0.1:${broker.addresses.mqttPort}`,
    });
    const login = { clientId: broker.edge, username: broker.edge, password: Buffer.from(SECRET) };
    const client = await RawMqtt.login(broker.addresses.mqttPort, login);
    const described = { profile: 'p', title: 't', points: [], commands: [], periodMs: 1000 };
    const send = (messageId: number, page: number, payload: string) =>
      client.send({
        ...{ cmd: 'publish', qos: 1, dup: false, retain: true, messageId, payload },
        topic: devicesTopic(broker.community, broker.edge, page),
      });
    const page = { list: 'a', page: 0, pages: 1, devices: [{ device: 'bad', ...described }] };
    send(1, 0, payloadOf(page));
    send(2, 0, JSON.stringify({ ...page, devices: [{ device: 'good', ...described }] }));
    await eventually('the good one', () => side.live.announced(broker.edge, 'good'));
    expect(side.live.announced(broker.edge, 'bad')).toBeUndefined();
  });
});

describe('What keeps an agent out', () => {
  it('is said by the agent in words, and kept by the broker', async () => {
    await using broker = await startBroker();
    const at = {
      community: broker.community,
      edge: broker.edge,
      brokerUrl: `mqtt://127.0.0.1:${broker.addresses.mqttPort}`,
    };
    const output = await startAgent(at, 5, 'not the secret');
    await eventually(
      'the reason',
      () => output().includes('the broker refused the log-in: the secret is wrong'),
      PATIENCE_MS,
    );
    const { refusals } = await broker.get<{ refusals: object[] }>('/refusals');
    expect(refusals).toEqual([
      expect.objectContaining({
        edge: broker.edge,
        code: 'broker.login-refused',
        reason: 'wrong secret',
        address: '127.0.0.1',
      }),
    ]);
  });

  it('is kept by the broker although the packet was too large to be read', async () => {
    await using broker = await startBroker();
    const client = await RawMqtt.open(broker.addresses.mqttPort);
    const topic = edgeTopic(broker.community, broker.edge, 'status');
    client.connect({ clientId: broker.edge, will: { topic, payload: Buffer.alloc(9000), qos: 1, retain: true } });
    await client.closed();
    const { refusals } = await broker.get<{ refusals: object[] }>('/refusals');
    expect(refusals).toEqual([expect.objectContaining({ edge: broker.edge, code: 'broker.packet-too-large' })]);
  });

  it.each([
    ['closes before answering', () => undefined, 'closed the connection before answering'],
    ['says 2', (byte: number) => byte && 2, "does not take this edge's id as a client id"],
    ['says 3', (byte: number) => byte && 3, 'not available now'],
  ])('by a broker that %s is told so', async (_name, codeOf, words) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        const code = codeOf(1);
        if (code !== undefined) socket.write(Uint8Array.from([0x20, 2, 0, code]));
        socket.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const ids = { community: '01900000-0000-7000-8000-000000000002', edge: '01900000-0000-7000-8000-000000000001' };
    const output = await startAgent({ ...ids, brokerUrl: `mqtt://127.0.0.1:${port}` }, 5);
    await eventually('the reason', () => output().includes(words), PATIENCE_MS);
    server.close();
  });
});
