/** The example flow in the real Node-RED, between a real MQTT broker and a stand-in for the community server. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { edgeTopic } from '@commonworks/core';
import type { CommandRequest } from '@commonworks/core/api/index.ts';
import { Aedes } from 'aedes';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { askForCommandAt } from './ask-for-command.ts';
import { flowServices } from './flow-services.ts';
import { LiveReadings } from './live-readings.ts';
import { readOrMakeSecret } from './secret-file.ts';
import type { RunningFlows } from './start-flows.ts';
import { startFlows } from './start-flows.ts';

const EDGE = '01890000-0000-7000-8000-000000000001';
const OTHER_EDGE = '01890000-0000-7000-8000-000000000002';
const TOKEN = 'service-token';
const PASSWORD = 'a generated password';
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

type Asked = { request: CommandRequest; authorization: string; key: string };

async function startBroker() {
  const broker = await Aedes.createBroker({
    authenticate: (_client, user, password, done) => done(null, user === 'service' && password?.toString() === TOKEN),
  });
  const server = createServer(broker.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const publish = (edge: string, channel: 'live' | 'status', body: object) =>
    new Promise<void>((resolve, reject) => {
      const topic = edgeTopic('sonnenhof', edge, channel);
      const packet = { cmd: 'publish' as const, topic, payload: JSON.stringify(body), qos: 0 as const, dup: false };
      broker.publish({ ...packet, retain: channel === 'status' }, (error) => (error ? reject(error) : resolve()));
    });
  const close = async () => {
    await new Promise<void>((resolve) => broker.close(() => resolve()));
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, publish, close };
}

/** Answers as POST /api/v1/commands does; `refuse` makes it say no. */
async function startCommunity() {
  const asked: Asked[] = [];
  const behaviour = { isRefusing: false };
  const server = createHttpServer((request, response) => {
    void json(request).then((body) => {
      const command = body as CommandRequest;
      const { authorization = '' } = request.headers;
      if (request.url !== '/api/v1/commands' || request.method !== 'POST') return response.writeHead(404).end();
      asked.push({ request: command, authorization, key: String(request.headers['idempotency-key']) });
      if (behaviour.isRefusing) {
        const problem = { type: 'x', title: 'No', status: 422, detail: 'the relay is not there', remedy: 'none' };
        response.writeHead(422, { 'content-type': 'application/problem+json' });
        return response.end(JSON.stringify({ ...problem, code: 'flows.command-refused' }));
      }
      const { edge, device, kind, value, reason } = command;
      const rest = { id: EDGE, requestedBy: 'service', state: 'published', observed: null, expiresMs: 1, steps: [] };
      response.writeHead(202, { 'content-type': 'application/json' });
      return response.end(JSON.stringify({ edge, device, kind, value, reason, ...rest }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, behaviour, server };
}

describe('flows in the real Node-RED', () => {
  let broker: Awaited<ReturnType<typeof startBroker>>;
  let community: Awaited<ReturnType<typeof startCommunity>>;
  let readings: LiveReadings;
  let flows: RunningFlows;
  let home: string;
  let nowMs = Date.UTC(2026, 5, 1, 12);
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'commonworks-flows-'));
    [broker, community] = await Promise.all([startBroker(), startCommunity()]);
    const now = () => nowMs;
    const login = { user: 'service', password: TOKEN, clientId: 'service-flows-test' };
    readings = new LiveReadings({ url: broker.url, ...login, community: 'sonnenhof', now });
    const services = flowServices({ readings, ask: askForCommandAt(community.url, TOKEN), now });
    flows = await startFlows({
      userDir: home,
      host: '127.0.0.1',
      port: 0,
      isExampleOn: true,
      adminPassword: PASSWORD,
      credentialSecret: 'secret',
      services,
      log: quiet,
    });
    await new Promise<void>((resolve) => readings.watch((state) => state === 'connected' && resolve()));
    await broker.publish(EDGE, 'status', birth('boiler-1'));
    await vi.waitUntil(() => readings.edgeOf('boiler-1').ok, { interval: 5, timeout: 5000 });
  }, 30_000);
  afterAll(async () => {
    await flows.stop();
    await readings.close();
    await broker.close();
    community.server.close();
    await rm(home, { recursive: true, force: true });
  });

  /** One pair of live messages, and 10 s later the next. */
  async function live(gridW: number | null, socPct: number, quality = 'good'): Promise<void> {
    nowMs += 10_000;
    const values = (point: string, value: number | null) => ({ [point]: { value, quality } });
    await broker.publish(EDGE, 'live', { device: 'bat-1', timeMs: nowMs, values: values('socPct', socPct) });
    await broker.publish(EDGE, 'live', { device: 'grid-1', timeMs: nowMs, values: values('activePowerW', gridW) });
    await delivered();
  }

  /** Messages keep their order: when this one has come, those before it have. */
  async function delivered(): Promise<void> {
    const seen = new Promise<void>((resolve) => {
      const end = readings.subscribe({ device: 'probe', point: 'activePowerW' }, () => {
        end();
        resolve();
      });
    });
    const values = { activePowerW: { value: 0, quality: 'good' } };
    await broker.publish(EDGE, 'live', { device: 'probe', timeMs: nowMs, values });
    await seen;
  }

  const commands = () => community.asked.map(({ request }) => request.value);

  it('switches the boiler by the surplus, with hysteresis, through the community server', async () => {
    await live(-3000, 50);
    await live(-3000, 95);
    await expect.poll(commands, { interval: 5, timeout: 5000 }).toEqual([0, 1]);
    await live(-500, 95);
    await live(100, 80);
    await live(900, 80);
    await expect.poll(commands, { interval: 5, timeout: 5000 }).toEqual([0, 1, 0]);
    expect(community.asked[1]).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      request: { edge: EDGE, device: 'boiler-1', kind: 'setRelay', seconds: 600, reason: 'flow: boiler from surplus' },
    });
    expect(new Set(community.asked.map(({ key }) => key)).size).toBe(3);
  });

  it('asks for nothing while readings are missing or stale, so that the lease ends by itself', async () => {
    const before = community.asked.length;
    await live(null, 95, 'missing');
    await live(-5000, 95, 'stale');
    nowMs += 400_000;
    const values = { activePowerW: { value: -5000, quality: 'good' } };
    await broker.publish(EDGE, 'live', { device: 'grid-1', timeMs: nowMs - 400_000, values });
    await delivered();
    expect(community.asked.length).toBe(before);
  });

  it('survives a refusal and rubbish on the live lane', async () => {
    community.behaviour.isRefusing = true;
    const before = community.asked.length;
    await live(-5000, 95);
    await expect.poll(() => community.asked.length, { interval: 5, timeout: 5000 }).toBe(before + 1);
    community.behaviour.isRefusing = false;
    await broker.publish(EDGE, 'live', { device: 'grid-1', timeMs: 'now', values: null });
    await live(-5000, 95);
    await expect.poll(() => community.asked.length, { interval: 5, timeout: 5000 }).toBe(before + 2);
  });

  it('will not guess between two edges with a device of the same name', async () => {
    await broker.publish(OTHER_EDGE, 'status', birth('boiler-2'));
    await broker.publish(EDGE, 'status', birth('boiler-2'));
    await expect
      .poll(() => readings.edgeOf('boiler-2'), { interval: 5 })
      .toMatchObject({ ok: false, reason: 'flows.device-ambiguous' });
    expect(readings.edgeOf('nothing')).toMatchObject({ ok: false, reason: 'flows.device-unknown' });
  });

  it('lets nobody in without the password, and installs nothing from the network', async () => {
    expect((await fetch(`${flows.url}flows`)).status).toBe(401);
    expect((await logIn('wrong')).status).toBe(403);
    const { access_token: token } = (await (await logIn(PASSWORD)).json()) as { access_token: string };
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json',
    };
    const nodes = (await (await fetch(`${flows.url}nodes`, { headers })).json()) as { types: string[]; err?: string }[];
    const types = nodes.flatMap((node) => (node.err === undefined ? node.types : []));
    expect(types).toEqual(expect.arrayContaining(['commonworks-readings', 'commonworks-command', 'function']));
    expect(types).not.toContain('exec');
    const body = JSON.stringify({ module: 'node-red-dashboard' });
    expect((await fetch(`${flows.url}nodes`, { method: 'POST', headers, body })).ok).toBe(false);
    const settings = await (await fetch(`${flows.url}settings`, { headers })).text();
    for (const secret of [TOKEN, PASSWORD]) expect(settings).not.toContain(secret);
  });

  it('explains its nodes in the editor', async () => {
    const { access_token: token } = (await (await logIn(PASSWORD)).json()) as { access_token: string };
    const headers = { authorization: `Bearer ${token}`, accept: 'text/html' };
    const html = await (await fetch(`${flows.url}nodes`, { headers })).text();
    for (const type of ['commonworks-readings', 'commonworks-command']) {
      expect(html).toContain(`data-help-name="${type}"`);
    }
  });

  function logIn(password: string): Promise<Response> {
    const form = { client_id: 'node-red-admin', grant_type: 'password', scope: '*', username: 'admin', password };
    return fetch(`${flows.url}auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(form),
    });
  }
});

function birth(device: string) {
  const devices = [{ device, profile: 'p', title: 't', points: [], commands: ['setRelay'], periodMs: 1000 }];
  return { state: 'online', sinceMs: 1, boot: EDGE, version: '1', devices, backlog: 0 };
}

describe('a secret file', () => {
  it('is made once, for its owner alone', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'commonworks-secret-'));
    const path = join(dir, 'flows.admin');
    const first = await readOrMakeSecret(path);
    expect(first.isNew).toBe(true);
    expect(await readOrMakeSecret(path)).toEqual({ secret: first.secret, isNew: false });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await rm(dir, { recursive: true });
  });
});
