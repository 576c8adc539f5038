/** SIGTERM ends an agent in any state, with its outbox closed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from './edge-peers/mosquitto.ts';
import { asBusy } from './setup/busyness.ts';

const MAIN = fileURLToPath(new URL('../edge/main.ts', import.meta.url));
const PATIENCE_MS = 60_000;
/** The agent's own limit for giving up is 20 s: reaching it is a fault. */
const END_MAX_MS = 15_000;
const base = {
  ...{ community: '01900000-0000-7000-8000-000000000002', edge: '01900000-0000-7000-8000-000000000001', name: 'test' },
  ...{ secretFile: 'secret', outboxFile: 'outbox.db' },
};

let folder = '';
const opened: (() => void)[] = [];
let agent: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edge-sigterm-'));
});
afterEach(() => {
  agent?.kill('SIGKILL');
  for (const close of opened.splice(0)) close();
  rmSync(folder, { recursive: true, force: true });
});

/** Accepts connections and does with them what it is told; `heard` counts the bytes that came. */
async function serve(onData: (socket: Socket) => void) {
  const seen = { connections: 0, bytes: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    seen.connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      seen.bytes += chunk.length;
      onData(socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}

type State = { readonly config: Record<string, unknown>; readonly isReached: () => boolean };

const meter = { device: 'home-1', title: 'Home', profile: 'eastron-sdm120', unit: 1, periodMs: 1000 };
const away = { brokerUrl: 'mqtt://127.0.0.1:1' };

const STATES: Record<string, (output: () => string) => Promise<State>> = {
  'the broker takes the connection and never answers': async () => {
    const { port, seen } = await serve(() => undefined);
    return { config: { brokerUrl: `mqtt://127.0.0.1:${port}` }, isReached: () => seen.bytes > 0 };
  },
  'half an answer to the log-in has come': async () => {
    const { port, seen } = await serve((socket) => socket.write(Uint8Array.from([0x20, 2])));
    return { config: { brokerUrl: `mqtt://127.0.0.1:${port}` }, isReached: () => seen.bytes > 0 };
  },
  'the broker speaks no TLS': async () => {
    const { port, seen } = await serve(() => undefined);
    return { config: { brokerUrl: `mqtts://127.0.0.1:${port}` }, isReached: () => seen.bytes > 0 };
  },
  'the broker speaks no WebSocket': async () => {
    const { port, seen } = await serve(() => undefined);
    return { config: { brokerUrl: `ws://127.0.0.1:${port}` }, isReached: () => seen.bytes > 0 };
  },
  'the broker was let in and then hangs': async () => {
    let isAnswered = false;
    const { port, seen } = await serve((socket) => {
      if (!isAnswered) socket.write(Uint8Array.from([0x20, 2, 0, 0]));
      isAnswered = true;
    });
    return { config: { brokerUrl: `mqtt://127.0.0.1:${port}` }, isReached: () => isAnswered && seen.bytes > 400 };
  },
  'the broker is away': async (output) => ({
    config: away,
    isReached: () => output().includes('edge.broker-unreachable'),
  }),
  'a device hangs': async () => {
    const { port, seen } = await serve(() => undefined);
    const line = {
      name: 'homes',
      kind: 'modbus-rtu-tcp',
      host: '127.0.0.1',
      port,
      timeoutMs: 10_000,
      devices: [meter],
    };
    return { config: { ...away, buses: [line] }, isReached: () => seen.bytes > 0 };
  },
  'a serial line that is none is opened': async (output) => {
    const path = join(folder, 'pipe');
    spawn('/usr/bin/mkfifo', [path]);
    await eventually('the pipe', () => existsSync(path));
    const line = { name: 'homes', kind: 'modbus-rtu', path, baudRate: 9600, devices: [meter] };
    return { config: { ...away, buses: [line] }, isReached: () => output().includes('"ready"') };
  },
  'it was just started': async (output) => ({ config: away, isReached: () => output().includes('"ready"') }),
};

it.each(Object.keys(STATES))('while %s', async (name) => {
  let text = '';
  const state = await STATES[name]?.(() => text);
  if (state === undefined) throw new Error('a state is wanted');
  writeFileSync(join(folder, 'secret'), 'any');
  writeFileSync(join(folder, 'edge.yaml'), JSON.stringify({ ...base, ...state.config }));
  agent = spawn(process.execPath, [MAIN, '--config', join(folder, 'edge.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(agent, 'exit');
  agent.stdout?.on('data', (chunk: Buffer) => {
    text += String(chunk);
  });
  await eventually('the state', state.isReached, PATIENCE_MS);
  const askedMs = performance.now();
  agent.kill('SIGTERM');
  const [code, signal] = await exited;
  expect([code, signal]).toEqual([0, null]);
  expect(performance.now() - askedMs).toBeLessThan(asBusy(END_MAX_MS));
  // SQLite removes its log when the last connection is closed in order.
  expect(statSync(join(folder, 'outbox.db')).size).toBeGreaterThan(0);
  expect(existsSync(join(folder, 'outbox.db-wal'))).toBe(false);
});

it('while the name of its broker is being looked up', async () => {
  // What getaddrinfo waits for cannot be called off, and keeps a process alive.
  const hang = join(folder, 'hang.mjs');
  writeFileSync(
    hang,
    `import dns from 'node:dns';
     dns.lookup = (name, options, done) => { process.stdout.write('looking up\\n'); setInterval(() => undefined, 1000); };`,
  );
  writeFileSync(join(folder, 'secret'), 'any');
  writeFileSync(join(folder, 'edge.yaml'), JSON.stringify({ ...base, brokerUrl: 'mqtt://broker.example:1883' }));
  const args = ['--import', hang, MAIN, '--config', join(folder, 'edge.yaml')];
  agent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(agent, 'exit');
  let text = '';
  agent.stdout?.on('data', (chunk: Buffer) => {
    text += String(chunk);
  });
  await eventually('the look-up', () => text.includes('"ready"') && text.includes('looking up'), PATIENCE_MS);
  agent.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(existsSync(join(folder, 'outbox.db-wal'))).toBe(false);
});
