/** A real mosquitto on a free port, and its own subscriber as witness. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type PeerProcess, startPeer } from '../peers/process.ts';

export type Heard = { readonly topic: string; readonly payload: string };
export type Witness = { readonly heard: Heard[]; readonly stop: () => void };

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export function startMosquitto(folder: string, port: number): Promise<PeerProcess> {
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\nlog_type all\n`);
  return startPeer('/usr/sbin/mosquitto', ['-c', config], {
    ready: /mosquitto version .* running/,
    package: 'mosquitto',
  });
}

/** Everything under `filter`, as mosquitto_sub prints it; retained messages too. */
export async function listenWithMosquitto(port: number, filter: string): Promise<Witness> {
  const args = ['-h', '127.0.0.1', '-p', String(port), '-q', '1', '-t', filter, '-F', '%t %p', '-d'];
  // Line by line: mosquitto_sub would keep its output back until a block is full.
  const command = ['-oL', '/usr/bin/mosquitto_sub', ...args];
  const child = spawn('/usr/bin/stdbuf', command, { stdio: ['ignore', 'pipe', 'ignore'] });
  const heard: Heard[] = [];
  const subscribed = Promise.withResolvers<void>();
  let rest = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('Subscribed')) subscribed.resolve();
      const match = /^(\S+\/\S+\/\S+) (.*)$/.exec(line);
      if (match !== null) heard.push({ topic: match[1] ?? '', payload: match[2] ?? '' });
    }
  });
  child.once('exit', () => subscribed.reject(new Error('mosquitto_sub ended')));
  const timer = setTimeout(() => subscribed.reject(new Error('mosquitto_sub does not subscribe')), 60_000);
  await subscribed.promise.finally(() => clearTimeout(timer));
  return { heard, stop: () => child.kill() };
}

export async function publishWithMosquitto(port: number, message: Heard): Promise<void> {
  const args = ['-h', '127.0.0.1', '-p', String(port), '-q', '1', '-t', message.topic, '-m', message.payload];
  const [code] = await once(spawn('/usr/bin/mosquitto_pub', args), 'exit');
  if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}`);
}

/** Looks again and again until `look` gives something; @throws after `waitMs`. */
export async function eventually<T>(what: string, look: () => T | undefined | false, waitMs = 60_000): Promise<T> {
  const deadlineMs = Date.now() + waitMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadlineMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
