/** Free ports on the loopback interface, all different, below those that systems hand out for outgoing connections. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Linux hands out ports from 32768 on: a port of that range could be taken by any connection when the demo starts again. */
const RANGE = { from: 20_000, to: 32_000 } as const;
const TRIES_MAX = 1000;

/** @throws Error when the whole range seems to be in use. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count && tries < TRIES_MAX; tries++) {
    const port = randomInt(RANGE.from, RANGE.to);
    if (await isFree(port)) ports.add(port);
  }
  if (ports.size < count) throw new Error(`no ${count} free ports between ${RANGE.from} and ${RANGE.to}`);
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const failed = once(server, 'error').then(() => false);
  const listening = once(server, 'listening').then(() => true);
  server.listen(port, '127.0.0.1');
  const isListening = await Promise.race([listening, failed]);
  server.close();
  return isListening;
}
